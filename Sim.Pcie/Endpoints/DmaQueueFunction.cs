using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Spec;
using static Sim.Pcie.Spec.DmaQueueLayout;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// A simple DMA-queue device (<see cref="DmaQueueLayout"/>): fetches descriptors, copies memory, completes, interrupts; one descriptor at
/// a time, so that it always stops at a boundary. It treats requests to its stopped registers as its <see cref="StoppedAccessPolicy"/>
/// says; with <see cref="StoppedAccessPolicy.DoorbellRestarts"/> it knows no suspended state of its own and has no peer-to-peer state.
/// </summary>
public class DmaQueueFunction : ControlBlockFunction
{
    private readonly byte[] _completion = new byte[CompletionSize];
    private readonly SimEvent _next;
    private Phase _phase;
    private bool _enabled;
    private bool _error;
    private ulong _submissionBase;
    private ulong _completionBase;
    private uint _ringSize = 2;
    private uint _tail;
    private uint _head;
    private uint _health;
    private uint _id;
    private int _length;
    private ulong _source;
    private ulong _destination;

    /// <summary>Makes the function.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path.</param>
    /// <param name="layout">Configuration space with a BAR0 of <see cref="BarSize"/>.</param>
    /// <param name="policy">What it does with requests while its responder is suspended; <see cref="StoppedAccessPolicy.Discard"/> if
    /// null.</param>
    public DmaQueueFunction(Simulator sim, string name, EndpointConfig layout, StoppedAccessPolicy? policy = null)
        : base(sim, name, layout, policy ?? StoppedAccessPolicy.Discard) => _next = new SimEvent(sim, Begin);

    private enum Phase
    {
        Idle,
        FetchingDescriptor,
        ReadingSource,
    }

    /// <summary>Time before each descriptor; none by default.</summary>
    public SimDuration Pace { get; init; }

    /// <inheritdoc/>
    public override MigrationSupport Supports => Policy.Store switch
    {
        StoppedStore.DoorbellRestarts => MigrationSupport.None,
        StoppedStore.Unfenced => MigrationSupport.PeerToPeer | MigrationSupport.WriteLog,
        _ when Policy.Load == StoppedLoad.Unfenced => MigrationSupport.PeerToPeer | MigrationSupport.WriteLog,
        _ => MigrationSupport.PeerToPeer | MigrationSupport.WriteLog | MigrationSupport.StableImage,
    };

    /// <inheritdoc/>
    protected override uint Identity => Magic;

    /// <inheritdoc/>
    protected override bool IsBusy => _phase != Phase.Idle;

    /// <summary>The Error bit of its Status.</summary>
    protected bool HasFailed
    {
        get => _error;
        set => _error = value;
    }

    /// <inheritdoc/>
    protected internal override void OnDmaRead(int context, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        if (status != CompletionStatus.Successful)
        {
            _error = true;
            Complete((uint)status);
            return;
        }

        if (_phase == Phase.FetchingDescriptor)
        {
            _id = BinaryPrimitives.ReadUInt32LittleEndian(data);
            _length = (int)Math.Clamp(BinaryPrimitives.ReadUInt32LittleEndian(data[4..]), 1, 4096);
            _source = BinaryPrimitives.ReadUInt64LittleEndian(data[8..]);
            _destination = BinaryPrimitives.ReadUInt64LittleEndian(data[16..]);
            _phase = Phase.ReadingSource;
            if (!Dma.Read(_source, _length, 0)) Abandon();
            return;
        }

        if (!WriteMemory(_destination, data)) Abandon();
        else Complete(0);
    }

    /// <inheritdoc/>
    protected override void SaveState(BinaryWriter image)
    {
        image.Write(_enabled);
        image.Write(_error);
        image.Write(_submissionBase);
        image.Write(_completionBase);
        image.Write(_ringSize);
        image.Write(_tail);
        image.Write(_head);
        image.Write(Cause);
        image.Write(_health);
    }

    /// <inheritdoc/>
    protected override void LoadState(BinaryReader image)
    {
        _enabled = image.ReadBoolean();
        _error = image.ReadBoolean();
        _submissionBase = image.ReadUInt64();
        _completionBase = image.ReadUInt64();
        _ringSize = image.ReadUInt32();
        _tail = image.ReadUInt32();
        _head = image.ReadUInt32();
        Cause = image.ReadUInt32();
        _health = image.ReadUInt32();
    }

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, string Value)> DescribeState(BinaryReader image) =>
    [
        ("queue enable", image.ReadBoolean() ? "1" : "0"), ("error", image.ReadBoolean() ? "1" : "0"),
        ("submission base", $"0x{image.ReadUInt64():x}"), ("completion base", $"0x{image.ReadUInt64():x}"),
        ("ring size", $"{image.ReadUInt32()}"), ("tail", $"{image.ReadUInt32()}"), ("head", $"{image.ReadUInt32()}"),
        ("event cause", $"{image.ReadUInt32()}"), ("health counter", $"{image.ReadUInt32()}"),
    ];

    /// <inheritdoc/>
    protected override void ResetState()
    {
        _next.Cancel();
        _phase = Phase.Idle;
        _enabled = _error = false;
        _submissionBase = _completionBase = 0;
        _ringSize = 2;
        _tail = _head = Cause = _health = 0;
    }

    /// <inheritdoc/>
    protected override uint ReadRegister(int at, bool sideEffects)
    {
        switch (at)
        {
            case Identification: return Magic;
            case Control: return _enabled ? 1u : 0;
            case SubmissionBase: return (uint)_submissionBase;
            case SubmissionBase + 4: return (uint)(_submissionBase >> 32);
            case CompletionBase: return (uint)_completionBase;
            case CompletionBase + 4: return (uint)(_completionBase >> 32);
            case RingSize: return _ringSize;
            case Doorbell: return _tail;
            case DmaQueueLayout.Head: return _head;
            case DmaQueueLayout.Status: return (_phase == Phase.Idle ? 1u : 0) | (_error ? 2u : 0);
            case Health: return _health;
            case EventCause:
                return TakeCause(sideEffects);
            default: return 0;
        }
    }

    /// <inheritdoc/>
    protected override void WriteRegister64(int at, ulong value)
    {
        if (at == SubmissionBase) _submissionBase = value;
        else if (at == CompletionBase) _completionBase = value;
        else base.WriteRegister64(at, value);
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
            case SubmissionBase: _submissionBase = WithHalf(_submissionBase, upper: false, value); break;
            case SubmissionBase + 4: _submissionBase = WithHalf(_submissionBase, upper: true, value); break;
            case CompletionBase: _completionBase = WithHalf(_completionBase, upper: false, value); break;
            case CompletionBase + 4: _completionBase = WithHalf(_completionBase, upper: true, value); break;
            case RingSize when value is >= 2 and <= 4096 && (value & (value - 1)) == 0: _ringSize = value; break;
            case Doorbell: RingDoorbell(value); break;
        }
    }

    /// <inheritdoc/>
    protected override void Work()
    {
        if (Pace == SimDuration.Zero) Begin();
        else if (!_next.IsPending && MayBegin) _next.ScheduleAt(Sim.Now + Pace);
    }

    private bool MayBegin => _phase == Phase.Idle && !StopRequested && _enabled && _head != _tail;

    private void Begin()
    {
        if (!MayBegin) return;
        _phase = Phase.FetchingDescriptor;
        if (!Dma.Read(_submissionBase + ((ulong)(_head & (_ringSize - 1)) * DescriptorSize), DescriptorSize, 0)) Abandon();
    }

    private void RingDoorbell(uint tail)
    {
        // An index into the ring, whatever its upper bits say: a wild value makes the device work on descriptors that nobody posted.
        _tail = _head + ((tail - _head) & (_ringSize - 1));
        _health++;

        // The device knows no suspended state of its own: it was drained by not being fed, and a doorbell feeds it.
        if (InitiatorSuspended && Policy.Store == StoppedStore.DoorbellRestarts) Restart();
        Work();
    }

    private void Complete(uint status)
    {
        var slot = _completionBase + ((ulong)(_head & (_ringSize - 1)) * CompletionSize);
        var phase = (_head / _ringSize & 1) ^ 1;
        _head++;
        BinaryPrimitives.WriteUInt32LittleEndian(_completion, _id);
        BinaryPrimitives.WriteUInt32LittleEndian(_completion.AsSpan(4), status);
        BinaryPrimitives.WriteUInt32LittleEndian(_completion.AsSpan(8), _head);
        BinaryPrimitives.WriteUInt32LittleEndian(_completion.AsSpan(12), phase);
        WriteMemory(slot, _completion);
        Cause |= 1;
        _health++;
        Interrupts.Raise(0);
        _phase = Phase.Idle;
        StopIfDrained();
        Work();
    }

    /// <summary>Bus Master Enable was cleared in mid-descriptor: the work is lost in the middle, without a completion.</summary>
    private void Abandon()
    {
        _phase = Phase.Idle;
        _error = true;
        StopIfDrained();
    }
}
