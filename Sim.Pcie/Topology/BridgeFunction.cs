using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;

namespace Sim.Pcie.Topology;

/// <summary>
/// The Type 1 function of a root port or switch port: bus numbers, windows and enables, decoded from the registers when software writes
/// them.
/// </summary>
public sealed class BridgeFunction : Function
{
    private const int WindowsOffset = 0x18;
    private const int WindowsLength = 0x1C;
    private const int BridgeControlDword = 0x3C;

    private readonly AcsCapability? _acs;
    private readonly MsiCapability? _msi;
    private ErrorReporter? _errors;
    private ulong _memoryBase;
    private ulong _memoryLimit;
    private ulong _prefetchableBase;
    private ulong _prefetchableLimit;
    private bool _memoryEnable;

    internal BridgeFunction(
        Simulator sim, string name, Type1Header header, PciExpressCapability express, AerCapability? aer, AcsCapability? acs,
        DpcCapability? dpc, MsiCapability? msi)
        : base(sim, name, header.Config, express)
    {
        Header = header;
        Aer = aer;
        Dpc = dpc;
        _acs = acs;
        _msi = msi;
        Config.OnWrite(HeaderView.CommandOffset, 4, _ => Decode());
        Config.OnWrite(WindowsOffset, WindowsLength, _ => Decode());
        Config.OnWrite(BridgeControlDword, 4, OnBridgeControl);
        Config.OnWrite(express.DeviceControl, 2, _ => Decode());
        Config.OnWrite(express.DeviceControl2, 2, _ => Decode());
        if (acs is not null) Config.OnWrite(acs.Offset + 4, 4, _ => Decode());
        Decode();
    }

    /// <summary>The Type 1 header.</summary>
    public Type1Header Header { get; }

    /// <summary>Advanced Error Reporting, if the port has it.</summary>
    public AerCapability? Aer { get; }

    /// <summary>Downstream Port Containment, if the port has it.</summary>
    public DpcCapability? Dpc { get; }

    /// <summary>The reset that Bridge Control.Secondary Bus Reset asks for (§7.5.1.3.13); true while the bit is set.</summary>
    public event Action<bool>? SecondaryBusResetChanged;

    /// <inheritdoc/>
    public override ErrorReporter Errors => _errors ?? throw new InvalidOperationException($"{Name} has no error path yet");

    /// <summary>Bus number below the port.</summary>
    public byte SecondaryBus { get; private set; }

    /// <summary>Highest bus number below the port.</summary>
    public byte SubordinateBus { get; private set; }

    /// <summary>Command.Bus Master Enable: memory and I/O requests from below are forwarded up (§7.5.1.1.3).</summary>
    public bool ForwardsUpstream { get; private set; }

    /// <summary>ACS Control Register (§7.7.11.3); zero without the capability.</summary>
    public AcsFeatures Acs { get; private set; }

    /// <summary>Device Control.Max_Payload_Size in bytes.</summary>
    public int MaxPayloadSize { get; private set; }

    /// <summary>Completion Timeout in force; zero if disabled.</summary>
    public SimDuration CompletionTimeout { get; private set; }

    /// <summary>Whether a memory address lies in an open window of this port (§7.5.1.3).</summary>
    public bool Claims(ulong address) => _memoryEnable && InWindows(address);

    /// <summary>Whether a memory address lies in a window, open or not.</summary>
    public bool InWindows(ulong address) =>
        (address >= _memoryBase && address <= _memoryLimit) || (address >= _prefetchableBase && address <= _prefetchableLimit);

    /// <summary>Whether a bus number is below this port.</summary>
    public bool ClaimsBus(byte bus) => bus >= SecondaryBus && bus <= SubordinateBus && SecondaryBus != 0;

    /// <summary>Raises the port's MSI, if software enabled it (§6.1.4.1).</summary>
    /// <param name="messageNumber">Added to the message data, as the low bits of Multiple Message Enable allow.</param>
    /// <param name="write">Carries address and data to the Root Complex.</param>
    internal void SignalMsi(int messageNumber, Action<ulong, uint> write)
    {
        if (_msi is { Enabled: true } msi) write(msi.Address, msi.DataOf(messageNumber));
    }

    internal void AttachErrors(ErrorReporter errors) => _errors = errors;

    /// <inheritdoc/>
    public override void Reset(ResetKind kind)
    {
        base.Reset(kind);
        Decode();
    }

    /// <summary>Takes the registers as they stand; needed only after the image was set without configuration writes.</summary>
    public void Decode()
    {
        ForwardsUpstream = BusMasterEnable;
        _memoryEnable = MemorySpaceEnable;
        SecondaryBus = Header.SecondaryBus;
        SubordinateBus = Header.SubordinateBus;
        (_memoryBase, _memoryLimit) = Header.MemoryWindow;
        (_prefetchableBase, _prefetchableLimit) = Header.PrefetchableWindow;
        MaxPayloadSize = Express.MaxPayloadSize;
        CompletionTimeout = CompletionTimeouts.InForce(Express);
        Acs = _acs?.Enabled ?? AcsFeatures.None;
    }

    private void OnBridgeControl(ConfigWrite write)
    {
        const uint bit = 1u << ((Type1Header.BridgeControlOffset - BridgeControlDword) * 8 + Type1Header.SecondaryBusReset);
        if ((write.Risen & bit) != 0) SecondaryBusResetChanged?.Invoke(true);
        if ((write.Fallen & bit) != 0) SecondaryBusResetChanged?.Invoke(false);
    }
}
