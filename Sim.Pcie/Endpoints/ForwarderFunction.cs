using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Spec;
using static Sim.Pcie.Spec.ForwarderLayout;

namespace Sim.Pcie.Endpoints;

/// <summary>What a forwarder does with a store to its full FIFO.</summary>
public enum FullBuffer
{
    /// <summary>Leaves the TLP in the ingress buffer: its credits do not return, and the transmitter stands when they are used
    /// up.</summary>
    Hold,

    /// <summary>Sinks what does not fit, and counts it.</summary>
    Drop,

    /// <summary>Leaves the TLP for as long as a Completer may let a posted request wait
    /// (<see cref="ForwarderFunction.AcceptanceLimit"/>), and from then on, until there is room, sinks what does not fit.</summary>
    HoldInTime,
}

/// <summary>
/// A device with the "no DMA" state that was proposed in 2021 (<see cref="ForwarderLayout"/>): suspended as initiator it goes on taking
/// stores and issues nothing, so what it would have issued has to stay somewhere. Its FIFO is finite.
/// </summary>
public sealed class ForwarderFunction : ControlBlockFunction
{
    private readonly RingQueue<ulong> _fifo = new();
    private readonly SimEvent _forward;
    private readonly SimEvent _limit;
    private readonly SimDuration _pace;
    private readonly byte[] _quadword = new byte[8];
    private bool _enabled;
    private ulong _ringBase;
    private uint _ringSize = 2;
    private uint _forwarded;
    private uint _dropped;
    private bool _overdue;

    /// <summary>Makes the function.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path.</param>
    /// <param name="layout">Configuration space with a BAR0 of <see cref="DmaQueueLayout.BarSize"/>.</param>
    /// <param name="depth">Entries of the FIFO, 1 to 256.</param>
    /// <param name="full">What it does with a store to the full FIFO.</param>
    /// <param name="pace">Time it takes to forward an entry.</param>
    public ForwarderFunction(
        Simulator sim, string name, EndpointConfig layout, int depth = 64, FullBuffer full = FullBuffer.Hold, SimDuration? pace = null)
        : base(sim, name, layout, StoppedAccessPolicy.Discard)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, 256);
        (Depth, Full, _pace) = (depth, full, pace ?? SimDuration.FromNanoseconds(20));
        _forward = new SimEvent(sim, Forward);
        _limit = new SimEvent(sim, () =>
        {
            _overdue = true;
            Device.Reconsider();
        });
    }

    /// <summary>How long a Completer may leave a posted request without accepting it (§2.3.1).</summary>
    public static SimDuration AcceptanceLimit => SimDuration.FromMicroseconds(10);

    /// <summary>Entries of the FIFO.</summary>
    public int Depth { get; }

    /// <summary>What it does with a store to the full FIFO.</summary>
    public FullBuffer Full { get; }

    /// <inheritdoc/>
    public override MigrationSupport Supports =>
        MigrationSupport.PeerToPeer | MigrationSupport.WriteLog | MigrationSupport.StableImage;

    /// <inheritdoc/>
    protected override uint Identity => Magic;

    /// <summary>It stops between two entries, and an entry takes no time on the bus that anybody waits for.</summary>
    protected override bool IsBusy => false;

    /// <inheritdoc/>
    protected internal override AccessDecision Decide(int bar, ulong offset, in TlpHeader header)
    {
        var decision = base.Decide(bar, offset, in header);
        var isWindow = offset is >= DmaQueueLayout.PeerWindow and < DmaQueueLayout.PeerWindow + DmaQueueLayout.PeerWindowSize;
        if (decision != AccessDecision.Accept || !isWindow || header.Type != TlpType.MWr) return decision;
        if (Full == FullBuffer.Drop || _overdue) return decision;
        return _fifo.Count + (header.EnabledBytes / 8) > Depth ? AccessDecision.Hold : decision;
    }

    /// <inheritdoc/>
    protected internal override void OnHeld()
    {
        if (Full == FullBuffer.HoldInTime && !_limit.IsPending) _limit.ScheduleAfter(AcceptanceLimit);
    }

    /// <inheritdoc/>
    public override void SuspendResponder()
    {
        base.SuspendResponder();
        Device.Reconsider();
    }

    /// <inheritdoc/>
    protected override void WriteWindow(int at, ReadOnlySpan<byte> data)
    {
        for (; data.Length >= 8; data = data[8..])
        {
            if (_fifo.Count < Depth) _fifo.Enqueue(BinaryPrimitives.ReadUInt64LittleEndian(data));
            else _dropped++;
        }

        Work();
    }

    /// <inheritdoc/>
    protected override void Work()
    {
        if (_fifo.Count > 0 && _enabled && !StopRequested && !_forward.IsPending) _forward.ScheduleAt(Sim.Now + _pace);
    }

    /// <inheritdoc/>
    protected override uint ReadRegister(int at, bool sideEffects)
    {
        switch (at)
        {
            case DmaQueueLayout.Identification: return Magic;
            case Control: return _enabled ? 1u : 0;
            case RingBase: return (uint)_ringBase;
            case RingBase + 4: return (uint)(_ringBase >> 32);
            case RingSize: return _ringSize;
            case Forwarded or DmaQueueLayout.Health: return _forwarded;
            case Level: return (uint)_fifo.Count;
            case Dropped: return _dropped;
            case DmaQueueLayout.EventCause:
                return TakeCause(sideEffects);
            default: return 0;
        }
    }

    /// <inheritdoc/>
    protected override void WriteRegister(int at, uint value)
    {
        switch (at)
        {
            case Control:
                _enabled = (value & 1) != 0;
                Work();
                break;
            case RingBase: _ringBase = WithHalf(_ringBase, upper: false, value); break;
            case RingBase + 4: _ringBase = WithHalf(_ringBase, upper: true, value); break;
            case RingSize when value is >= 2 and <= 4096 && (value & (value - 1)) == 0: _ringSize = value; break;
        }
    }

    /// <inheritdoc/>
    protected override void SaveState(BinaryWriter image)
    {
        image.Write(_enabled);
        image.Write(_ringBase);
        image.Write(_ringSize);
        image.Write(_forwarded);
        image.Write(_dropped);
        image.Write(Cause);
        image.Write(_fifo.Count);
        for (var i = 0; i < Depth; i++) image.Write(i < _fifo.Count ? _fifo[i] : 0);
    }

    /// <inheritdoc/>
    protected override void LoadState(BinaryReader image)
    {
        _enabled = image.ReadBoolean();
        _ringBase = image.ReadUInt64();
        _ringSize = image.ReadUInt32();
        _forwarded = image.ReadUInt32();
        _dropped = image.ReadUInt32();
        Cause = image.ReadUInt32();
        _fifo.Clear();
        var count = image.ReadInt32();
        for (var i = 0; i < Depth; i++)
            if (image.ReadUInt64() is var entry && i < count) _fifo.Enqueue(entry);
    }

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Value)> DescribeState(BinaryReader image)
    {
        List<(string, string)> fields =
        [
            ("forwarding enable", image.ReadBoolean() ? "1" : "0"), ("ring base", $"0x{image.ReadUInt64():x}"),
            ("ring size", $"{image.ReadUInt32()}"), ("forwarded", $"{image.ReadUInt32()}"), ("dropped", $"{image.ReadUInt32()}"),
            ("event cause", $"{image.ReadUInt32()}"), ("FIFO level", $"{image.ReadInt32()}"),
        ];
        for (var i = 0; i < Depth; i++) fields.Add(($"FIFO entry {i}", $"0x{image.ReadUInt64():x}"));
        return fields;
    }

    /// <inheritdoc/>
    protected override void ResetState()
    {
        _forward.Cancel();
        _fifo.Clear();
        _enabled = false;
        _ringBase = 0;
        _ringSize = 2;
        _forwarded = _dropped = Cause = 0;
        _limit.Cancel();
        _overdue = false;
    }

    private void Forward()
    {
        if (_fifo.Count == 0 || StopRequested || !_enabled) return;
        BinaryPrimitives.WriteUInt64LittleEndian(_quadword, _fifo.Head);
        if (!WriteMemory(_ringBase + (_forwarded & (_ringSize - 1)) * 8, _quadword)) return;
        _fifo.DropHead();
        _limit.Cancel();
        _overdue = false;
        _forwarded++;
        if (_fifo.Count == 0)
        {
            Cause = 1;
            Interrupts.Raise(0);
        }

        Device.Reconsider();
        Work();
    }
}
