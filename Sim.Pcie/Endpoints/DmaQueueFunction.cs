using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Spec.DmaQueueLayout;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// A simple DMA-queue device (<see cref="DmaQueueLayout"/>): fetches descriptors, copies memory, completes, interrupts; one descriptor at
/// a time, so that it always stops at a boundary. It is migratable through <see cref="MigrationControlBlock"/> and treats requests to its
/// stopped registers as its <see cref="StoppedAccessPolicy"/> says.
/// </summary>
public sealed class DmaQueueFunction : EndpointFunction, IMigratableFunction
{
    private const uint ImageMagic = 0x4D51_4401;

    private readonly MsixTable _msix;
    private readonly MigrationControlRegisters _control;
    private readonly byte[] _completion = new byte[CompletionSize];
    private Action? _suspended;
    private Phase _phase;
    private bool _enabled;
    private bool _stopRequested;
    private bool _error;
    private ulong _submissionBase;
    private ulong _completionBase;
    private uint _ringSize = 2;
    private uint _tail;
    private uint _head;
    private uint _cause;
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
        : base(sim, name, layout)
    {
        Policy = policy ?? StoppedAccessPolicy.Discard;
        _msix = new MsixTable(this, Vectors);
        _control = new MigrationControlRegisters(this);
    }

    private enum Phase
    {
        Idle,
        FetchingDescriptor,
        ReadingSource,
    }

    /// <summary>What it does with requests while its responder is suspended.</summary>
    public StoppedAccessPolicy Policy { get; }

    /// <inheritdoc/>
    public bool SuspendsInitiatorAlone => Policy.Store != StoppedStore.DoorbellRestarts;

    /// <inheritdoc/>
    public bool InitiatorSuspended { get; private set; }

    /// <inheritdoc/>
    public bool ResponderSuspended { get; private set; }

    /// <inheritdoc/>
    protected internal override string StateName =>
        ResponderSuspended ? "responder suspended" : InitiatorSuspended ? "initiator suspended" : "running";

    /// <inheritdoc/>
    protected internal override AccessDecision Decide(int bar, ulong offset, in TlpHeader header)
    {
        // The control block and the MSI-X structures answer in every state: they belong to the host driver.
        return ResponderSuspended && offset < DmaQueueLayout.MsixTable ? Policy.Decide(in header) : AccessDecision.Accept;
    }

    /// <inheritdoc/>
    protected internal override void ReadDiscarded(int bar, ulong offset, Span<byte> destination)
    {
        switch (Policy.Load)
        {
            case StoppedLoad.AllOnes:
                destination.Fill(0xFF);
                break;
            case StoppedLoad.Stale:
                var cause = _cause;
                ReadRegisters((int)offset, destination);
                _cause = cause;
                break;
            default:
                base.ReadDiscarded(bar, offset, destination);
                break;
        }
    }

    /// <inheritdoc/>
    protected internal override void ReadBar(int bar, ulong offset, Span<byte> destination)
    {
        var at = (int)offset;
        if (at >= MigrationControlBlock.Base) _control.Read(at, destination);
        else if (at >= MsixPba) _msix.ReadPba(at - MsixPba, destination[..Math.Min(destination.Length, _msix.PbaSize)]);
        else if (at >= DmaQueueLayout.MsixTable) ReadMsix(at - DmaQueueLayout.MsixTable, destination);
        else ReadRegisters(at, destination);
    }

    /// <inheritdoc/>
    protected internal override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
        var at = (int)offset;
        if (at >= MigrationControlBlock.Base) _control.Write(at, data);
        else if (at >= MsixPba) return;
        else if (at >= DmaQueueLayout.MsixTable) WriteMsix(at - DmaQueueLayout.MsixTable, data);
        else if (data.Length == 8) WriteRegister64(at, BinaryPrimitives.ReadUInt64LittleEndian(data));
        else if (data.Length == 4) WriteRegister(at, BinaryPrimitives.ReadUInt32LittleEndian(data));
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

        if (!Dma.Write(_destination, data)) Abandon();
        else Complete(0);
    }

    /// <inheritdoc/>
    public void SuspendInitiator(Action done)
    {
        _stopRequested = true;
        _suspended = done;
        StopIfDrained();
    }

    /// <inheritdoc/>
    public void SuspendResponder() => ResponderSuspended = true;

    /// <inheritdoc/>
    public void ResumeResponder() => ResponderSuspended = false;

    /// <inheritdoc/>
    public void ResumeInitiator()
    {
        InitiatorSuspended = _stopRequested = Dma.Suspended = false;
        _msix.Held = false;
        Work();
    }

    /// <inheritdoc/>
    public byte[] SaveImage()
    {
        using var bytes = new MemoryStream();
        using var image = new BinaryWriter(bytes);
        image.Write(ImageMagic);
        image.Write(_enabled);
        image.Write(_error);
        image.Write(_submissionBase);
        image.Write(_completionBase);
        image.Write(_ringSize);
        image.Write(_tail);
        image.Write(_head);
        image.Write(_cause);
        image.Write(_health);
        _msix.Save(image);
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, string Value)> DescribeImage(byte[] image)
    {
        using var reader = new BinaryReader(new MemoryStream(image));
        reader.ReadUInt32();
        List<(string, string)> fields =
        [
            ("queue enable", reader.ReadBoolean() ? "1" : "0"), ("error", reader.ReadBoolean() ? "1" : "0"),
            ("submission base", $"0x{reader.ReadUInt64():x}"), ("completion base", $"0x{reader.ReadUInt64():x}"),
            ("ring size", $"{reader.ReadUInt32()}"), ("tail", $"{reader.ReadUInt32()}"), ("head", $"{reader.ReadUInt32()}"),
            ("event cause", $"{reader.ReadUInt32()}"), ("health counter", $"{reader.ReadUInt32()}"),
        ];
        for (var vector = 0; vector < Vectors; vector++)
            fields.Add(($"MSI-X entry {vector}", Convert.ToHexStringLower(reader.ReadBytes(Endpoints.MsixTable.EntrySize))));
        for (var vector = 0; vector < Vectors; vector++) fields.Add(($"pending interrupt {vector}", reader.ReadBoolean() ? "1" : "0"));
        return fields;
    }

    /// <inheritdoc/>
    public bool LoadImage(ReadOnlySpan<byte> image)
    {
        if (image.Length != SaveImage().Length || BinaryPrimitives.ReadUInt32LittleEndian(image) != ImageMagic) return false;
        using var reader = new BinaryReader(new MemoryStream(image.ToArray()));
        reader.ReadUInt32();
        _enabled = reader.ReadBoolean();
        _error = reader.ReadBoolean();
        _submissionBase = reader.ReadUInt64();
        _completionBase = reader.ReadUInt64();
        _ringSize = reader.ReadUInt32();
        _tail = reader.ReadUInt32();
        _head = reader.ReadUInt32();
        _cause = reader.ReadUInt32();
        _health = reader.ReadUInt32();
        _msix.Load(reader);
        return true;
    }

    /// <inheritdoc/>
    protected override void OnReset(ResetKind kind)
    {
        _phase = Phase.Idle;
        _enabled = _error = _stopRequested = InitiatorSuspended = ResponderSuspended = false;
        _submissionBase = _completionBase = 0;
        _ringSize = 2;
        _tail = _head = _cause = _health = 0;
        _suspended = null;
        _msix.Reset();
        _control.Reset();
    }

    private void ReadRegisters(int at, Span<byte> destination)
    {
        Span<byte> raw = stackalloc byte[8];
        var dword = at & ~3;
        BinaryPrimitives.WriteUInt32LittleEndian(raw, ReadRegister(dword));
        if (destination.Length + (at & 3) > 4) BinaryPrimitives.WriteUInt32LittleEndian(raw[4..], ReadRegister(dword + 4));
        destination.Clear();
        var n = Math.Min(destination.Length, 8 - (at & 3));
        raw.Slice(at & 3, n).CopyTo(destination);
    }

    private uint ReadRegister(int at)
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
                var cause = _cause;
                _cause = 0;
                return cause;
            default: return 0;
        }
    }

    private void WriteRegister64(int at, ulong value)
    {
        if (at == SubmissionBase) _submissionBase = value;
        else if (at == CompletionBase) _completionBase = value;
        else
        {
            WriteRegister(at, (uint)value);
            WriteRegister(at + 4, (uint)(value >> 32));
        }
    }

    private void WriteRegister(int at, uint value)
    {
        switch (at)
        {
            case Control:
                _enabled = (value & 1) != 0;
                Work();
                break;
            case SubmissionBase: _submissionBase = (_submissionBase & ~0xFFFF_FFFFUL) | value; break;
            case SubmissionBase + 4: _submissionBase = (uint)_submissionBase | ((ulong)value << 32); break;
            case CompletionBase: _completionBase = (_completionBase & ~0xFFFF_FFFFUL) | value; break;
            case CompletionBase + 4: _completionBase = (uint)_completionBase | ((ulong)value << 32); break;
            case RingSize when value is >= 2 and <= 4096 && (value & (value - 1)) == 0: _ringSize = value; break;
            case Doorbell: RingDoorbell(value); break;
        }
    }

    private void RingDoorbell(uint tail)
    {
        // An index into the ring, whatever its upper bits say: a wild value makes the device work on descriptors that nobody posted.
        _tail = _head + ((tail - _head) & (_ringSize - 1));
        _health++;
        if (InitiatorSuspended && Policy.Store == StoppedStore.DoorbellRestarts)
        {
            // The device knows no suspended state of its own: it was drained by not being fed, and a doorbell feeds it.
            InitiatorSuspended = _stopRequested = Dma.Suspended = false;
            _msix.Held = false;
        }

        Work();
    }

    /// <summary>Begins the next descriptor if there is one and nothing forbids it.</summary>
    private void Work()
    {
        if (_phase != Phase.Idle || _stopRequested || !_enabled || _head == _tail) return;
        _phase = Phase.FetchingDescriptor;
        if (!Dma.Read(_submissionBase + ((ulong)(_head & (_ringSize - 1)) * DescriptorSize), DescriptorSize, 0)) Abandon();
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
        Dma.Write(slot, _completion);
        _cause |= 1;
        _health++;
        _msix.Raise(0);
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

    private void StopIfDrained()
    {
        if (!_stopRequested || InitiatorSuspended || _phase != Phase.Idle) return;
        InitiatorSuspended = Dma.Suspended = true;
        _msix.Held = true;
        var done = _suspended;
        _suspended = null;
        done?.Invoke();
    }

    private void ReadMsix(int at, Span<byte> destination)
    {
        if (at + destination.Length <= _msix.Size) _msix.Read(at, destination);
        else destination.Clear();
    }

    private void WriteMsix(int at, ReadOnlySpan<byte> data)
    {
        if (at + data.Length <= _msix.Size) _msix.Write(at, data);
    }
}
