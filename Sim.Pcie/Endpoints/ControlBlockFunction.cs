using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using static Sim.Pcie.Spec.DmaQueueLayout;

namespace Sim.Pcie.Endpoints;

/// <summary>
/// What this project's own simple devices have in common: BAR0 with user registers, a window for peers, MSI-X, and the
/// <see cref="MigrationControlBlock"/>; stopping, saving and loading by the contract; a <see cref="StoppedAccessPolicy"/> for requests to
/// stopped registers. A PF may have a memory aperture beside, which is no part of an image. A model adds its registers and its work.
/// </summary>
public abstract class ControlBlockFunction : EndpointFunction, IMigratableFunction
{
    private readonly MigrationControlRegisters _control;
    private readonly byte[] _window = new byte[PeerWindowSize];
    private readonly HostMemory? _aperture;
    private Action? _suspended;

    /// <summary>Makes the function.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path.</param>
    /// <param name="layout">Configuration space with a BAR0 of <see cref="BarSize"/>.</param>
    /// <param name="policy">What it does with requests while its responder is suspended.</param>
    protected ControlBlockFunction(Simulator sim, string name, EndpointConfig layout, StoppedAccessPolicy policy)
        : base(sim, name, layout)
    {
        Policy = policy;
        Interrupts = new MsixTable(this, Vectors);
        _control = new MigrationControlRegisters(sim, this);
        if (layout.ResizableBar is { } aperture) _aperture = new HostMemory(sim, aperture.Largest);
    }

    /// <summary>What it does with requests while its responder is suspended.</summary>
    public StoppedAccessPolicy Policy { get; }

    /// <summary>A command of the control block that goes wrong; null if none does.</summary>
    public MigrationFault? Fault
    {
        get => _control.Fault;
        set => _control.Fault = value;
    }

    /// <summary>How long the control block stays busy after what a command asked for has happened; none by default.</summary>
    public SimDuration CommandTime
    {
        get => _control.CommandTime;
        set => _control.CommandTime = value;
    }

    /// <inheritdoc/>
    public bool SuspendsInitiatorAlone => Supports.HasFlag(MigrationSupport.PeerToPeer);

    /// <inheritdoc/>
    public abstract MigrationSupport Supports { get; }

    /// <inheritdoc/>
    public bool InitiatorSuspended { get; private set; }

    /// <inheritdoc/>
    public bool ResponderSuspended { get; private set; }

    /// <inheritdoc/>
    protected internal override string StateName =>
        ResponderSuspended ? "responder suspended" : InitiatorSuspended ? "initiator suspended" : "running";

    /// <summary>Its interrupts.</summary>
    protected MsixTable Interrupts { get; }

    /// <summary>What <see cref="DmaQueueLayout.Identification"/> reads, which also begins its images.</summary>
    protected abstract uint Identity { get; }

    /// <summary>It is to stop, or has stopped: nothing new may begin.</summary>
    protected bool StopRequested { get; private set; }

    /// <summary>Work in hand that has to end before it stands at a boundary.</summary>
    protected abstract bool IsBusy { get; }

    /// <inheritdoc/>
    protected internal override AccessDecision Decide(int bar, ulong offset, in TlpHeader header)
    {
        // The control block and the MSI-X structures answer in every state: they belong to the host driver.
        return ResponderSuspended && (bar != 0 || offset < DmaQueueLayout.MsixTable) ? Policy.Decide(in header) : AccessDecision.Accept;
    }

    /// <inheritdoc/>
    protected internal override void ReadDiscarded(int bar, ulong offset, Span<byte> destination)
    {
        switch (Policy.Load)
        {
            case StoppedLoad.AllOnes:
                destination.Fill(0xFF);
                break;
            case StoppedLoad.Stale when bar != 0:
                ReadBar(bar, offset, destination);
                break;
            case StoppedLoad.Stale:
                ReadUser((int)offset, destination, sideEffects: false);
                break;
            default:
                base.ReadDiscarded(bar, offset, destination);
                break;
        }
    }

    /// <inheritdoc/>
    protected internal override void ReadBar(int bar, ulong offset, Span<byte> destination)
    {
        if (bar != 0)
        {
            _aperture!.Read(offset, destination);
            return;
        }

        var at = (int)offset;
        if (at >= MigrationControlBlock.Base) _control.Read(at, destination);
        else if (at >= MsixPba) Interrupts.ReadPba(at - MsixPba, destination[..Math.Min(destination.Length, Interrupts.PbaSize)]);
        else if (at >= DmaQueueLayout.MsixTable) ReadMsix(at - DmaQueueLayout.MsixTable, destination);
        else ReadUser(at, destination, sideEffects: true);
    }

    /// <inheritdoc/>
    protected internal override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
        if (bar != 0)
        {
            _aperture!.Write(offset, data);
            return;
        }

        var at = (int)offset;
        if (at >= MigrationControlBlock.Base) _control.Write(at, data);
        else if (at >= MsixPba) return;
        else if (at >= DmaQueueLayout.MsixTable) WriteMsix(at - DmaQueueLayout.MsixTable, data);
        else if (at >= PeerWindow) WriteWindow(at - PeerWindow, data);
        else if (data.Length == 8) WriteRegister64(at, BinaryPrimitives.ReadUInt64LittleEndian(data));
        else if (data.Length == 4) WriteRegister(at, BinaryPrimitives.ReadUInt32LittleEndian(data));
    }

    /// <inheritdoc/>
    public void SuspendInitiator(Action done)
    {
        StopRequested = true;
        _suspended = done;
        StopIfDrained();
        if (InitiatorSuspended) Acknowledge();
    }

    /// <inheritdoc/>
    public virtual void SuspendResponder() => ResponderSuspended = true;

    /// <inheritdoc/>
    public virtual void ResumeResponder() => ResponderSuspended = false;

    /// <inheritdoc/>
    public void ResumeInitiator()
    {
        Restart();
        Work();
    }

    /// <inheritdoc/>
    public virtual byte[] SaveImage()
    {
        using var bytes = new MemoryStream();
        using var image = new BinaryWriter(bytes);
        image.Write(Identity);
        SaveState(image);
        image.Write(_window);
        Interrupts.Save(image);
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, string Value)> DescribeImage(byte[] image)
    {
        using var reader = new BinaryReader(new MemoryStream(image));
        reader.ReadUInt32();
        List<(string, string)> fields = [.. DescribeState(reader)];
        for (var at = 0; at < PeerWindowSize; at += 8)
            if (reader.ReadUInt64() is var value && value != 0) fields.Add(($"peer window+0x{at:x3}", $"0x{value:x}"));
        for (var vector = 0; vector < Vectors; vector++)
            fields.Add(($"MSI-X entry {vector}", Convert.ToHexStringLower(reader.ReadBytes(Endpoints.MsixTable.EntrySize))));
        for (var vector = 0; vector < Vectors; vector++) fields.Add(($"pending interrupt {vector}", reader.ReadBoolean() ? "1" : "0"));
        return fields;
    }

    /// <inheritdoc/>
    public virtual bool LoadImage(ReadOnlySpan<byte> image)
    {
        if (image.Length != SaveImage().Length || BinaryPrimitives.ReadUInt32LittleEndian(image) != Identity) return false;
        using var reader = new BinaryReader(new MemoryStream(image.ToArray()));
        reader.ReadUInt32();
        LoadState(reader);
        reader.ReadExactly(_window);
        Interrupts.Load(reader);
        return true;
    }

    /// <inheritdoc/>
    protected override void OnReset(ResetKind kind)
    {
        StopRequested = InitiatorSuspended = ResponderSuspended = false;
        _suspended = null;
        Array.Clear(_window);
        ResetState();
        Interrupts.Reset();
        _control.Reset();
    }

    /// <summary>Begins the next piece of work if there is one and nothing forbids it.</summary>
    protected abstract void Work();

    /// <summary>A user register of 32 bits.</summary>
    /// <param name="at">Offset, a multiple of 4.</param>
    /// <param name="sideEffects">False for a look that must change nothing.</param>
    protected abstract uint ReadRegister(int at, bool sideEffects);

    /// <summary>A store of 32 bits to a user register.</summary>
    protected abstract void WriteRegister(int at, uint value);

    /// <summary>A store of 64 bits: by default two of 32.</summary>
    protected virtual void WriteRegister64(int at, ulong value)
    {
        WriteRegister(at, (uint)value);
        WriteRegister(at + 4, (uint)(value >> 32));
    }

    /// <summary>What is due since the event cause was read last; bit 0 with every completion.</summary>
    protected uint Cause { get; set; }

    /// <summary>The event cause, which a load clears.</summary>
    /// <param name="sideEffects">False for a look that must change nothing.</param>
    protected uint TakeCause(bool sideEffects)
    {
        var cause = Cause;
        if (sideEffects) Cause = 0;
        return cause;
    }

    /// <summary>A register of 64 bits after a store of 32 to one of its halves.</summary>
    protected static ulong WithHalf(ulong register, bool upper, uint value) =>
        upper ? (uint)register | ((ulong)value << 32) : (register & ~0xFFFF_FFFFUL) | value;

    /// <summary>A store to the window for peers: by default it is memory.</summary>
    protected virtual void WriteWindow(int at, ReadOnlySpan<byte> data) =>
        data[..Math.Min(data.Length, PeerWindowSize - at)].CopyTo(_window.AsSpan(at));

    /// <summary>The model's own registers, for an image.</summary>
    protected abstract void SaveState(BinaryWriter image);

    /// <summary>Takes what <see cref="SaveState"/> wrote.</summary>
    protected abstract void LoadState(BinaryReader image);

    /// <summary>What <see cref="SaveState"/> wrote, field by field.</summary>
    protected abstract IEnumerable<(string Name, string Value)> DescribeState(BinaryReader image);

    /// <summary>The model's own registers, as after power-on.</summary>
    protected abstract void ResetState();

    /// <summary>Writes host memory, which the write log sees.</summary>
    /// <returns>False, and nothing happens, while Bus Master Enable is clear.</returns>
    protected bool WriteMemory(ulong address, ReadOnlySpan<byte> data)
    {
        if (!Dma.Write(address, data)) return false;
        _control.Log.OnWrite(address, data.Length);
        return true;
    }

    /// <summary>To be called whenever <see cref="IsBusy"/> may have become false.</summary>
    protected void StopIfDrained()
    {
        if (!StopRequested || InitiatorSuspended || IsBusy) return;
        InitiatorSuspended = Dma.Suspended = true;
        Interrupts.Held = true;
        Acknowledge();
    }

    /// <summary>Lifts the suspension: work may begin again.</summary>
    protected void Restart()
    {
        InitiatorSuspended = StopRequested = Dma.Suspended = false;
        Interrupts.Held = false;
    }

    private void Acknowledge()
    {
        var done = _suspended;
        _suspended = null;
        done?.Invoke();
    }

    private void ReadUser(int at, Span<byte> destination, bool sideEffects)
    {
        destination.Clear();
        if (at >= PeerWindow)
        {
            _window.AsSpan(at - PeerWindow, Math.Min(destination.Length, PeerWindowSize - (at - PeerWindow))).CopyTo(destination);
            return;
        }

        Span<byte> raw = stackalloc byte[8];
        var dword = at & ~3;
        BinaryPrimitives.WriteUInt32LittleEndian(raw, ReadRegister(dword, sideEffects));
        if (destination.Length + (at & 3) > 4) BinaryPrimitives.WriteUInt32LittleEndian(raw[4..], ReadRegister(dword + 4, sideEffects));
        raw.Slice(at & 3, Math.Min(destination.Length, 8 - (at & 3))).CopyTo(destination);
    }

    private void ReadMsix(int at, Span<byte> destination)
    {
        if (at + destination.Length <= Interrupts.Size) Interrupts.Read(at, destination);
        else destination.Clear();
    }

    private void WriteMsix(int at, ReadOnlySpan<byte> data)
    {
        if (at + data.Length <= Interrupts.Size) Interrupts.Write(at, data);
    }
}
