using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Driver;

/// <summary>A work request's end as the driver sees it.</summary>
/// <param name="WqeIndex">Index of its WQE.</param>
/// <param name="Opcode">Opcode of the completion.</param>
/// <param name="Syndrome">Why it failed, if it did.</param>
/// <param name="Bytes">Bytes moved.</param>
public readonly record struct WorkCompletion(ushort WqeIndex, CqeOpcode Opcode, CqeSyndrome Syndrome, uint Bytes);

/// <summary>
/// A driver's QP that is connected to itself, with a CQ of its own: RDMA writes and reads on it copy memory. WQEs are one basic block each.
/// </summary>
public sealed class LoopbackQueue
{
    /// <summary>Bytes of memory that it takes: send ring, completion ring, doorbell records.</summary>
    public const int MemoryBytes = 3 * PageBytes;

    /// <summary>Largest <c>logSize</c>: one page of WQEs.</summary>
    public const int MaxLogSize = 6;

    private const int PageBytes = 4096;
    private const int CqRecord = 64;

    private readonly IMlx5Platform _platform;
    private readonly ulong _memory;
    private readonly int _logSize;

    /// <summary>Makes the driver's side; <see cref="CreateStepAsync"/> makes the device's.</summary>
    /// <param name="platform">Memory and registers.</param>
    /// <param name="memory">Page-aligned address of <see cref="MemoryBytes"/> that are its own.</param>
    /// <param name="logSize">log2 of the WQEs, 1 to <see cref="MaxLogSize"/>.</param>
    public LoopbackQueue(IMlx5Platform platform, ulong memory, int logSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(logSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(logSize, MaxLogSize);
        (_platform, _memory, _logSize) = (platform, memory, logSize);
        Completions = new CompletionQueueReader(platform, memory + PageBytes, logSize, Records + CqRecord);
    }

    /// <summary>QP number.</summary>
    public uint Number { get; set; }

    /// <summary>UAR whose doorbell it rings.</summary>
    public uint Uar { get; set; }

    /// <summary>Its CQ.</summary>
    public CompletionQueueReader Completions { get; }

    /// <summary>WQEs posted.</summary>
    public uint Posted { get; set; }

    /// <summary>WQEs completed.</summary>
    public uint Completed { get; set; }

    /// <summary>Stages of <see cref="CreateStepAsync"/> that are done: state that a driver carries along.</summary>
    public int Stage { get; set; }

    /// <summary>Whether it can be used.</summary>
    public bool IsReady => Stage == 6;

    /// <summary>WQEs that have room.</summary>
    public int Room => (1 << _logSize) - (int)(Posted - Completed);

    private ulong Records => _memory + (2 * PageBytes);

    /// <summary>Carries out the next stage: CQ, QP, the three transitions, arm.</summary>
    /// <exception cref="Mlx5CommandException">A command failed.</exception>
    public async Task CreateStepAsync(Mlx5CommandInterface commands, uint uar, uint pd, uint eq)
    {
        switch (Stage)
        {
            case 0:
                Uar = Completions.Uar = uar;
                Completions.Initialize();
                Completions.Number = CommandHeader.CreatedNumber.Get(
                    await commands.ExecuteAsync(CommandInput.CreateCq(uar, eq, _logSize, _memory + PageBytes, Records + CqRecord)));
                break;
            case 1:
                Number = CommandHeader.CreatedNumber.Get(
                    await commands.ExecuteAsync(CommandInput.CreateQp(uar, pd, Completions.Number, _logSize, _memory, Records)));
                break;
            case 2:
                await commands.ExecuteAsync(CommandInput.Transition(CommandOpcode.ResetToInit, Number));
                break;
            case 3:
                await commands.ExecuteAsync(CommandInput.Transition(CommandOpcode.InitToReadyToReceive, Number));
                break;
            case 4:
                await commands.ExecuteAsync(CommandInput.Transition(CommandOpcode.ReadyToReceiveToReadyToSend, Number));
                break;
            case 5:
                await Completions.ArmAsync();
                break;
        }

        Stage++;
    }

    /// <summary>Writes a WQE into the ring and the doorbell record; the device looks at it after <see cref="RingAsync"/>.</summary>
    /// <param name="opcode">RDMA write, RDMA read or nothing.</param>
    /// <param name="local">Address of the local buffer.</param>
    /// <param name="remote">Address of the remote buffer, which lies in the same memory.</param>
    /// <param name="bytes">Bytes to move.</param>
    /// <param name="key">Key of both.</param>
    /// <exception cref="InvalidOperationException">The ring is full.</exception>
    public void Post(WqeOpcode opcode, ulong local, ulong remote, uint bytes, uint key)
    {
        if (Room == 0) throw new InvalidOperationException($"the send queue of QP {Number:x} is full");
        Span<byte> wqe = stackalloc byte[SendWqe.BasicBlock];
        wqe.Clear();
        var isData = opcode != WqeOpcode.Nop;
        WriteDoorbell(wqe, Posted, opcode, isData ? 3u : 1);
        SendWqe.Completion.Set(wqe, SendWqe.CompleteAlways);
        if (isData)
        {
            SendWqe.RemoteAddress.Set(wqe, remote);
            SendWqe.RemoteKey.Set(wqe, key);
            var segment = wqe[(2 * SendWqe.Segment)..];
            SendWqe.DataBytes.Set(segment, bytes);
            SendWqe.DataKey.Set(segment, key);
            SendWqe.DataAddress.Set(segment, local);
        }

        _platform.Write(_memory + ((Posted & ((1u << _logSize) - 1)) * SendWqe.BasicBlock), wqe);
        Posted++;
        Span<byte> record = stackalloc byte[DoorbellRecords.Size];
        record.Clear();
        DoorbellRecords.Send.Set(record, Posted);
        _platform.Write(Records + 4, record[4..]);
    }

    /// <summary>Rings the doorbell for what was posted last.</summary>
    public Task RingAsync()
    {
        Span<byte> control = stackalloc byte[SendWqe.Segment];
        _platform.Read(_memory + (((Posted - 1) & ((1u << _logSize) - 1)) * SendWqe.BasicBlock), control);
        return _platform.StoreAsync(((ulong)Uar * BarLayout.UarPageSize) + UarPage.SqDoorbell, new QwordField(0).Get(control), 8);
    }

    /// <summary>Takes the next completion.</summary>
    public bool TryTake(out WorkCompletion completion)
    {
        Span<byte> cqe = stackalloc byte[Cqe.Size];
        completion = default;
        if (!Completions.TryTake(cqe)) return false;
        var opcode = (CqeOpcode)(cqe[Cqe.OpcodeAndOwner] >> 4);
        var syndrome = opcode == CqeOpcode.RequesterError ? (CqeSyndrome)cqe[Cqe.Syndrome] : CqeSyndrome.None;
        completion = new WorkCompletion((ushort)Cqe.WqeCounter.Get(cqe), opcode, syndrome, Cqe.ByteCount.Get(cqe));
        Completed++;
        return true;
    }

    private void WriteDoorbell(Span<byte> wqe, uint index, WqeOpcode opcode, uint segments)
    {
        SendWqe.Index.Set(wqe, index);
        SendWqe.Opcode.Set(wqe, (uint)opcode);
        SendWqe.Qp.Set(wqe, Number);
        SendWqe.Segments.Set(wqe, segments);
    }
}
