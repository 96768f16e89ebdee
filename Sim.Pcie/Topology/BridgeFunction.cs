using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

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

    /// <summary>ACS, if the port has it.</summary>
    private readonly AcsCapability? _acs;
    private readonly MsiCapability? _msi;
    private readonly PowerManagementCapability? _power;
    private ErrorReporter? _errors;
    private ulong _memoryBase;
    private ulong _memoryLimit;
    private ulong _prefetchableBase;
    private ulong _prefetchableLimit;
    private ulong _ioBase;
    private ulong _ioLimit;
    private bool _memoryEnable;
    private bool _ioEnable;
    private bool _ariForwarding;

    internal BridgeFunction(
        Simulator sim, string name, Type1Header header, PciExpressCapability express, AerCapability? aer, AcsCapability? acs,
        DpcCapability? dpc, MsiCapability? msi, PowerManagementCapability? power = null)
        : base(sim, name, header.Config, express)
    {
        Header = header;
        Aer = aer;
        Dpc = dpc;
        _acs = acs;
        _msi = msi;
        _power = power;
        if (power is not null) power.OnStateChange += (_, _) => Decode();
        Config.OnWrite(HeaderView.CommandOffset, 4, _ => Decode());
        Config.OnWrite(WindowsOffset, WindowsLength, _ => Decode());
        Config.OnWrite(BridgeControlDword, 4, OnBridgeControl);
        Config.OnWrite(express.DeviceControl, 2, _ => Decode());
        Config.OnWrite(express.DeviceControl2, 2, _ => Decode());
        if (acs is not null) Config.OnWrite(acs.Offset + 4, acs.Length - 4, _ => Decode());
        if (aer is not null) Config.OnWrite(aer.Control, 4, _ => Decode());
        if (dpc is not null) Config.OnWrite(dpc.Control, 2, _ => Decode());
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

    /// <summary>What this port does not let out (§6.15.2, §2.2.10.4, §6.2.11.5).</summary>
    internal EgressBlocking Blocks { get; private set; }

    /// <summary>Number by which Egress Control Vectors of other ports know this one: Link Capabilities.Port Number (§6.12.1).</summary>
    public int PortNumber => Express.Options.PortNumber;

    /// <summary>Device Control.Max_Payload_Size in bytes.</summary>
    public int MaxPayloadSize { get; private set; }

    /// <summary>Completion Timeout in force; zero if disabled.</summary>
    public SimDuration CompletionTimeout { get; private set; }

    /// <summary>Whether a memory address lies in an open window of this port (§7.5.1.3).</summary>
    public bool Claims(ulong address) => _memoryEnable && InWindows(address);

    /// <summary>Whether a memory address lies in a window, open or not.</summary>
    public bool InWindows(ulong address) =>
        (address >= _memoryBase && address <= _memoryLimit) || (address >= _prefetchableBase && address <= _prefetchableLimit);

    /// <summary>Whether an I/O address lies in the open I/O window of this port (§7.5.1.3.6). With ISA Enable the last 768 bytes of each
    /// 1 KiB block below 64 KiB are not forwarded down (§7.5.1.3.13).</summary>
    public bool ClaimsIo(ulong address) => _ioEnable && address >= _ioBase && address <= _ioLimit
        && !(Header.IsaEnable && address < 0x1_0000 && (address & 0x300) != 0);

    /// <summary>Whether a Type 0 request for this Device Number goes to the link: only Device 0, unless ARI Forwarding is enabled
    /// (§7.3.1).</summary>
    public bool ForwardsDevice(RoutingId id) => id.Device == 0 || _ariForwarding;

    /// <summary>Whether a bus number is below this port.</summary>
    public bool ClaimsBus(byte bus) => bus >= SecondaryBus && bus <= SubordinateBus && SecondaryBus != 0;

    /// <summary>Bit of the Egress Control Vector for another port (§7.7.11.4).</summary>
    internal bool BlocksEgressTo(BridgeFunction egress) => _acs is { } acs && acs.BlocksEgressTo(egress.PortNumber);

    /// <summary>The registers of the window that has an address, or of every open window where none has it: for explanations.</summary>
    internal IReadOnlyList<RegisterBit> Window(ulong address)
    {
        var list = new List<RegisterBit>();
        if (!MemorySpaceEnable) list.Add(Config.Describe(HeaderView.CommandOffset, HeaderView.MemorySpaceEnable));
        var (inMemory, inPrefetchable) = (address >= _memoryBase && address <= _memoryLimit,
            address >= _prefetchableBase && address <= _prefetchableLimit);
        if (inMemory || !inPrefetchable && _memoryBase <= _memoryLimit) Add(0x20, 0x22);
        if (!inPrefetchable && (inMemory || _prefetchableBase > _prefetchableLimit)) return list;
        if (_prefetchableLimit > uint.MaxValue) Add(0x28, 0x2C);
        Add(0x24, 0x26);
        return list;

        void Add(int lower, int upper) => list.AddRange([Config.Describe(lower, 4), Config.Describe(upper, 4)]);
    }

    /// <summary>The bus numbers that route by ID (§7.5.1.3.3, §7.5.1.3.4): for explanations.</summary>
    internal IReadOnlyList<RegisterBit> DescribeBuses() => [Config.Describe(0x19, 0), Config.Describe(0x1A, 0)];

    /// <summary>Command.Bus Master Enable: for explanations.</summary>
    internal RegisterBit DescribeBusMaster() => Config.Describe(HeaderView.CommandOffset, HeaderView.BusMasterEnable);

    /// <summary>Control bits of ACS mechanisms, those that are not implemented left out, and the Egress Control Vector bit of a peer
    /// port: for explanations.</summary>
    internal IReadOnlyList<RegisterBit> DescribeAcs(AcsFeatures features, BridgeFunction? egress)
    {
        if (_acs is null) return [];
        var list = new List<RegisterBit>();
        for (var bit = 0; bit < 7; bit++)
        {
            if (((int)(features & _acs.Supported) >> bit & 1) != 0) list.Add(Config.Describe(_acs.Control, bit));
        }

        if (egress is not null && (features & Acs & AcsFeatures.EgressControl) != 0)
            list.Add(Config.Describe(_acs.Offset + 8, egress.PortNumber));
        return list;
    }

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
        // In D3Hot a bridge passes neither memory nor I/O requests on (§5.3.1.4.1).
        var operates = _power is not { State: not PowerState.D0 };
        ForwardsUpstream = BusMasterEnable && operates;
        _memoryEnable = MemorySpaceEnable && operates;
        _ioEnable = IoSpaceEnable && operates;
        (_ioBase, _ioLimit) = Header.IoWindow;
        _ariForwarding = Express.AriForwardingEnabled;
        SecondaryBus = Header.SecondaryBus;
        SubordinateBus = Header.SubordinateBus;
        (_memoryBase, _memoryLimit) = Header.MemoryWindow;
        (_prefetchableBase, _prefetchableLimit) = Header.PrefetchableWindow;
        MaxPayloadSize = Express.MaxPayloadSize;
        CompletionTimeout = CompletionTimeouts.InForce(Express);
        Acs = _acs?.Enabled ?? AcsFeatures.None;
        OriginBits = Aer is { EcrcGenerationEnabled: true } ? Spec.TlpHeader.DigestPresent : 0;
        Blocks = (Express.Options.AtomicOpRouting ? EgressBlocking.None : EgressBlocking.NoAtomicOpRouting)
            | (Express.AtomicOpEgressBlocking ? EgressBlocking.AtomicOps : EgressBlocking.None)
            | (Express.EndEndPrefixBlocking ? EgressBlocking.Prefixes : EgressBlocking.None)
            | (Dpc is { BlocksPoisonedEgress: true } ? EgressBlocking.Poisoned : EgressBlocking.None);
    }

    private void OnBridgeControl(ConfigWrite write)
    {
        const uint bit = 1u << ((Type1Header.BridgeControlOffset - BridgeControlDword) * 8 + Type1Header.SecondaryBusReset);
        if ((write.Risen & bit) != 0) SecondaryBusResetChanged?.Invoke(true);
        if ((write.Fallen & bit) != 0) SecondaryBusResetChanged?.Invoke(false);
    }
}
