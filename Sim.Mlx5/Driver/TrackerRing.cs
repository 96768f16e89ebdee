using Sim.Mlx5.Spec;
using Sim.Vfio.Migration;

namespace Sim.Mlx5.Driver;

/// <summary>A message of a page tracker's report.</summary>
/// <param name="State">State of the tracker behind it.</param>
/// <param name="Entries">Page addresses, eight bytes each, big-endian.</param>
internal sealed record TrackerReport(PageTrackState State, byte[] Entries);

/// <summary>
/// The connection over which a page tracker reports: a QP for firmware to send on, and one with 512 receive buffers of 4 KiB under a key of
/// the PF, with a CQ of their own.
/// </summary>
internal sealed class TrackerRing
{
    /// <summary>Bytes of a receive buffer: the longest message.</summary>
    public const int MessageBytes = 4096;

    private const int LogBuffers = 9;
    private const int Buffers = 1 << LogBuffers;
    private const int PageBytes = 4096;
    private const int CqPages = (Cqe.Size << LogBuffers) / PageBytes;
    private const int RingPages = (SendWqe.Segment << LogBuffers) / PageBytes;

    private readonly Mlx5PfDriver _pf;
    private readonly VhcaBuffer.Executor _execute;
    private readonly List<ulong> _own;
    private readonly CompletionQueueReader _completions;
    private readonly ReceiveQueue _receives;
    private VhcaBuffer? _buffer;
    private uint _pd;
    private uint _hostQp;

    private TrackerRing(Mlx5PfDriver pf, VhcaBuffer.Executor execute)
    {
        (_pf, _execute) = (pf, execute);
        _own = pf.TakeContiguous(CqPages + RingPages + 1);
        _completions = new CompletionQueueReader(pf.Platform, _own[0], LogBuffers, CqRecord);
        _receives = new ReceiveQueue(pf.Platform, Ring, LogBuffers, HostRecord);
    }

    /// <summary>The QP on which firmware sends.</summary>
    public uint FirmwareQp { get; private set; }

    private ulong Ring => _own[CqPages];

    private ulong HostRecord => _own[^1];

    private ulong FirmwareRecord => _own[^1] + 64;

    private ulong CqRecord => _own[^1] + 128;

    /// <summary>Opens a connection.</summary>
    /// <exception cref="MigrationStepException">A command failed; nothing is left behind.</exception>
    public static async Task<TrackerRing> OpenAsync(Mlx5PfDriver pf, VhcaBuffer.Executor execute)
    {
        var ring = new TrackerRing(pf, execute);
        try
        {
            await ring.OpenAsync();
            return ring;
        }
        catch (MigrationStepException)
        {
            await ring.CloseAsync();
            throw;
        }
    }

    /// <summary>The next message; null if it is none, or none comes.</summary>
    public async Task<TrackerReport?> NextAsync()
    {
        var cqe = new byte[Cqe.Size];
        var sim = _pf.Platform.Sim;
        var deadline = sim.Now + _pf.Commands.Timeout;
        while (!_completions.TryTake(cqe))
        {
            if (_pf.IsDetached || sim.Now >= deadline) return null;
            await sim.Delay(_pf.Commands.PollInterval);
        }

        if (cqe[Cqe.OpcodeAndOwner] >> 4 != (int)CqeOpcode.ResponderSendImmediate) return null;
        var index = (int)(Cqe.WqeCounter.Get(cqe) & (Buffers - 1));
        var entries = _buffer!.Read((int)Cqe.ByteCount.Get(cqe), index);
        Post(index);
        return new TrackerReport((PageTrackState)(Cqe.Immediate.Get(cqe) >> PageTrack.ImmediateStateShift), entries);
    }

    /// <summary>Takes everything away that was made, in reverse.</summary>
    public async Task CloseAsync()
    {
        await TryAsync(CommandOpcode.DestroyQp, FirmwareQp);
        await TryAsync(CommandOpcode.DestroyQp, _hostQp);
        await TryAsync(CommandOpcode.DestroyCq, _completions.Number);
        if (_buffer is not null) await _buffer.DestroyAsync(_execute);
        await TryAsync(CommandOpcode.DeallocPd, _pd);
        _pf.ReturnPages(_own);
    }

    private async Task OpenAsync()
    {
        _pd = await CreateAsync(CommandInput.Of(CommandOpcode.AllocPd));
        _completions.Initialize();
        _completions.Number = await CreateAsync(CommandInput.CreateCq(_pf.Uar, _pf.EventQueue, LogBuffers, _own[0], CqRecord));
        _hostQp = await CreateAsync(CommandInput.CreateQp(_pf.Uar, _pd, _completions.Number, null, Ring, HostRecord, LogBuffers));
        FirmwareQp = await CreateAsync(CommandInput.CreateQp(_pf.Uar, _pd, _completions.Number, null, Ring, FirmwareRecord));
        _buffer = await VhcaBuffer.CreateAsync(_pf, Buffers * MessageBytes, _execute, _pd);
        await _execute(CommandInput.Transition(CommandOpcode.ResetToInit, _hostQp, FirmwareQp));
        for (var i = 0; i < Buffers; i++) Post(i);
        await _execute(CommandInput.Transition(CommandOpcode.InitToReadyToReceive, _hostQp, FirmwareQp));
        await _execute(CommandInput.Transition(CommandOpcode.ResetToInit, FirmwareQp, _hostQp));
        await _execute(CommandInput.Transition(CommandOpcode.InitToReadyToReceive, FirmwareQp, _hostQp));
        await _execute(CommandInput.Transition(CommandOpcode.ReadyToReceiveToReadyToSend, FirmwareQp, _hostQp));
    }

    private void Post(int buffer) => _receives.Post((ulong)(buffer * MessageBytes), MessageBytes, _buffer!.Mkey);

    private async Task<uint> CreateAsync(byte[] input) => CommandHeader.CreatedNumber.Get(await _execute(input));

    private async Task TryAsync(CommandOpcode opcode, uint number)
    {
        if (number == 0) return;
        try
        {
            await _execute(CommandInput.On(opcode, number));
        }
        catch (MigrationStepException)
        {
            // The PF is gone, and the object with it.
        }
    }
}
