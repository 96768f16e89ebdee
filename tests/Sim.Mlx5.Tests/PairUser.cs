using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Tests;

/// <summary>One end of a connection between two QPs: send and receive queue, a CQ for both, driven from the host by polling.</summary>
internal sealed class PairUser
{
    private const int Log = 4;
    private const ulong Page = 4096;

    private readonly VfUser _user;
    private readonly ulong _memory;

    public PairUser(VfUser user, ulong memory, int cqeSize = Cqe.Size, int logCq = Log + 1)
    {
        (_user, _memory, CqeSize, LogCq) = (user, memory, cqeSize, logCq);
        Completions = new CompletionQueueReader(user.Platform, memory + Page, logCq, Records + 64, cqeSize);
        Receives = new ReceiveQueue(user.Platform, memory, Log, Records);
    }

    public uint Number { get; private set; }

    public CompletionQueueReader Completions { get; }

    public ReceiveQueue Receives { get; }

    public ushort Posted { get; private set; }

    private int CqeSize { get; }

    private int LogCq { get; }

    private ulong Records => _memory + (3 * Page);

    private ulong SendRing => _memory + ((ulong)SendWqe.Segment << Log);

    /// <summary>CQ and QP.</summary>
    public async Task CreateAsync()
    {
        var startup = _user.Startup;
        Completions.Initialize();
        Completions.Number = await startup.CreateAsync(
            CommandInput.CreateCq(startup.Uar, _user.Async.Number, LogCq, _memory + Page, Records + 64, CqeSize));
        Number = await startup.CreateAsync(
            CommandInput.CreateQp(startup.Uar, startup.Pd, Completions.Number, Log, _memory, Records, Log));
    }

    /// <summary>The three transitions; without a GID to a QP of the same function.</summary>
    public async Task ConnectAsync(uint remoteQp, byte[]? remoteGid, Action<byte[]>? change = null)
    {
        foreach (var opcode in new[]
        {
            CommandOpcode.ResetToInit, CommandOpcode.InitToReadyToReceive, CommandOpcode.ReadyToReceiveToReadyToSend,
        })
        {
            var input = remoteGid is null
                ? CommandInput.Transition(opcode, Number, remoteQp)
                : CommandInput.Transition(opcode, Number, remoteQp, remoteGid);
            change?.Invoke(input);
            await _user.Commands.ExecuteAsync(input);
        }
    }

    /// <summary>Builds a WQE and puts it in the ring; the doorbell record counts it.</summary>
    public byte[] Post(WqeOpcode opcode, ulong local, uint bytes, ulong remote = 0, uint key = 0, uint immediate = 0)
    {
        var wqe = new byte[SendWqe.BasicBlock];
        var hasRemote = opcode is WqeOpcode.RdmaWrite or WqeOpcode.RdmaRead or WqeOpcode.RdmaWriteImmediate;
        SendWqe.Index.Set(wqe, Posted);
        SendWqe.Opcode.Set(wqe, (uint)opcode);
        SendWqe.Qp.Set(wqe, Number);
        SendWqe.Segments.Set(wqe, hasRemote ? 3u : 2);
        SendWqe.Completion.Set(wqe, SendWqe.CompleteAlways);
        SendWqe.Immediate.Set(wqe, immediate);
        if (hasRemote)
        {
            SendWqe.RemoteAddress.Set(wqe, remote);
            SendWqe.RemoteKey.Set(wqe, key);
        }

        var segment = wqe.AsSpan((hasRemote ? 2 : 1) * SendWqe.Segment);
        SendWqe.DataBytes.Set(segment, bytes);
        SendWqe.DataKey.Set(segment, _user.Startup.Mkey);
        SendWqe.DataAddress.Set(segment, local);
        Put(wqe);
        return wqe;
    }

    /// <summary>Puts a WQE of one basic block in the ring.</summary>
    public void Put(byte[] wqe)
    {
        _user.Platform.Write(SendRing + (ulong)((Posted & ((1 << Log) - 1)) * SendWqe.BasicBlock), wqe);
        Posted++;
        Span<byte> record = stackalloc byte[DoorbellRecords.Size];
        record.Clear();
        DoorbellRecords.Send.Set(record, Posted);
        _user.Platform.Write(Records + 4, record[4..]);
    }

    /// <summary>The doorbell: eight bytes, or by BlueFlame a whole basic block.</summary>
    public Task RingAsync(byte[] wqe) => _user.Platform.StoreAsync(
        ((ulong)_user.Startup.Uar * BarLayout.UarPageSize) + UarPage.SqDoorbell, new QwordField(0).Get(wqe), 8);

    /// <summary>The next completion: opcode, syndrome, bytes, immediate data, WQE index.</summary>
    public (CqeOpcode Opcode, CqeSyndrome Syndrome, uint Bytes, uint Immediate, ushort Wqe)? Take()
    {
        var cqe = new byte[Cqe.Size];
        if (!Completions.TryTake(cqe)) return null;
        var opcode = (CqeOpcode)(cqe[Cqe.OpcodeAndOwner] >> 4);
        var failed = opcode is CqeOpcode.RequesterError or CqeOpcode.ResponderError;
        return (opcode, failed ? (CqeSyndrome)cqe[Cqe.Syndrome] : CqeSyndrome.None, Cqe.ByteCount.Get(cqe), Cqe.Immediate.Get(cqe),
            (ushort)Cqe.WqeCounter.Get(cqe));
    }
}
