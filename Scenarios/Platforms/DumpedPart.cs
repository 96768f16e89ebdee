using Scenarios.Dumps;
using Scenarios.Language;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Scenarios.Platforms;

/// <summary>
/// A Function of a dumped machine that a run is made of: a Root Port, a Switch Port, or an Endpoint that a device stands in for. What the
/// dump does not hold (it may end after 64 or 256 bytes) keeps the simulator's own defaults, and <see cref="Notes"/> says so.
/// </summary>
internal sealed class DumpedPart
{
    private const uint RelaxedOrderingNoSnoopAndReadRequest = 0x7810;
    private const uint RetryVisibilityAndPme = 0x18;
    private const uint CompletionTimeout = 0x1F;
    private const uint AllFour = 0xF;
    private const uint AllThree = 7;

    private readonly List<DumpedRegister> _registers = [];
    private readonly List<string> _notes = [];
    private readonly List<string> _summary = [];

    public DumpedPart(LspciFunction function)
    {
        Function = function;
        Options = new RootPortOptions
        {
            VendorId = (ushort)function.U16(0x00),
            DeviceId = (ushort)function.U16(0x02),
            RevisionId = (byte)function.U8(0x08),
        };
        Note("Command", 0x04, 2, firmware: 1u << HeaderView.SerrEnable);
        if (function.IsBridge()) Note("Bridge Control", Type1Header.BridgeControlOffset, 2, host: 1u << Type1Header.BridgeSerrEnable);
        var express = function.Express();
        if (express != 0) ReadExpress(express);
        else _notes.Add($"{Holds}: link, payload sizes, Completion Timeout, {Extended} are those of {Own}");
        if (function.Image.Length > ConfigSpace.ConventionalSize) ReadExtended();
        else if (express != 0) _notes.Add($"{Holds}: {Extended} are those of {Own}");
    }

    public LspciFunction Function { get; }

    /// <summary>What a simulated Root Port in its place is made of.</summary>
    public RootPortOptions Options { get; private set; }

    /// <summary>What a simulated Switch Port in its place is made of.</summary>
    public SwitchPortOptions PortOptions => new()
    {
        VendorId = Options.VendorId,
        DeviceId = Options.DeviceId,
        RevisionId = Options.RevisionId,
        MaxLinkSpeed = Options.MaxLinkSpeed,
        MaxLinkWidth = Options.MaxLinkWidth,
        MaxPayloadSupported = Options.MaxPayloadSupported,
        RoleBasedErrorReporting = Options.RoleBasedErrorReporting,
        Aer = Options.Aer,
        AcsSupported = Options.AcsSupported,
    };

    /// <summary>The fastest and widest link that it trains; null if the dump does not hold it.</summary>
    public LinkShape? Link { get; private set; }

    /// <summary>Max_Payload_Size in force; null if the dump does not hold it.</summary>
    public int? MaxPayloadSize { get; private set; }

    /// <summary>Max_Read_Request_Size in force; null if the dump does not hold it.</summary>
    public int? MaxReadRequestSize { get; private set; }

    /// <summary>The registers in the order of their offsets.</summary>
    public IReadOnlyList<DumpedRegister> Registers => _registers;

    /// <summary>What the dump could not say.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Whether errors were found to end in system errors and not in AER interrupts (§6.2.6): firmware owns them.</summary>
    public bool SignalsFirmware { get; private set; }

    /// <summary>What it is: <c>Root Port 00:02.0 [8086:3c04]</c>.</summary>
    public string Title => $"{Function.Kind()} {Function.Id} [{Options.VendorId:x4}:{Options.DeviceId:x4}]";

    /// <summary>What it is like: <c>gen3 x8, Max_Payload_Size 256 B of 256, ...</c>.</summary>
    public string Traits => string.Join(", ", _summary);

    private string Holds => $"the dump holds {Function.Image.Length} bytes of {Function.Id}";

    private string Extended => Function.IsEndpoint() ? "AER masks and severities" : "AER, ACS and DPC";

    private string Own => Function.IsEndpoint() ? "the script's device"
        : IsSwitchPort ? "the simulator's own Switch Port" : "the simulator's own Root Port";

    private bool IsSwitchPort => Function.PortType() is PciePortType.UpstreamPort or PciePortType.DownstreamPort;

    private void ReadExpress(int at)
    {
        var f = Function;
        var version = f.U16(at + 0x02) & 0xF;
        var (capabilities, link) = (f.U32(at + 0x04), f.U32(at + 0x0C));
        var supported = 128 << (int)Math.Min(capabilities & 7, 5);
        var boundary = (f.U16(at + 0x10) & 8) != 0 ? 128 : 64;
        Options = Options with
        {
            MaxPayloadSupported = supported,
            ReadCompletionBoundary = boundary,
            ExtendedTag = Bit(capabilities, 5),
            RoleBasedErrorReporting = Bit(capabilities, 15),
            SurpriseDownReporting = Bit(link, 19),
            LinkActiveReporting = Bit(link, 20),

            // Version 1 of the capability ends before these (§7.5.3.2).
            CompletionTimeoutRanges = version < 2 ? 0 : (int)f.U32(at + 0x24) & 0xF,
            CompletionTimeoutDisable = version >= 2 && Bit(f.U32(at + 0x24), 4),
            AriForwarding = version >= 2 && Bit(f.U32(at + 0x24), 5),
        };
        Note("Device Capabilities", at + 0x04, 4);
        Note("Device Control", at + 0x08, 2, hardware: RelaxedOrderingNoSnoopAndReadRequest, host: AllFour);
        Note("Link Capabilities", at + 0x0C, 4);
        if (f.PortType() == PciePortType.RootPort || IsLikelyRootPort)
            Note("Root Control", at + 0x1C, 2, hardware: RetryVisibilityAndPme, host: AllThree);
        if (version >= 2)
        {
            Note("Device Capabilities 2", at + 0x24, 4);
            Note("Device Control 2", at + 0x28, 2, hardware: CompletionTimeout);
        }

        ReadLink(link, version < 2 ? 0 : (int)f.U16(at + 0x30) & 0xF);
        MaxPayloadSize = PayloadOf(f.U16(at + 0x08) >> 5);
        MaxReadRequestSize = PayloadOf(f.U16(at + 0x08) >> 12);
        _summary.Add($"Max_Payload_Size {MaxPayloadSize} B of {supported}");
        if (f.IsEndpoint()) _summary.Add($"Max_Read_Request_Size {MaxReadRequestSize} B");
        else _summary.Add($"RCB {boundary} B");
    }

    private bool IsLikelyRootPort => Function.PortType() is null && Function.IsBridge();

    private void ReadLink(uint capabilities, int target)
    {
        var (speed, width) = ((LinkSpeed)(capabilities & 0xF), (LinkWidth)(capabilities >> 4 & 0x3F));
        if (!Enum.IsDefined(speed) || !Enum.IsDefined(width))
        {
            _notes.Add($"Link Capabilities {capabilities:x8}h of {Function.Id} name no known speed and width: the script's link stays");
            return;
        }

        Options = Options with { MaxLinkSpeed = speed, MaxLinkWidth = width };
        var limit = target >= 1 && target < (int)speed ? target : (int)speed;
        Link = new LinkShape(limit, (int)width);
        _summary.Add(limit < (int)speed ? $"{Link} (Target Link Speed; capable of gen{(int)speed})" : $"{Link}");
    }

    private void ReadExtended()
    {
        var f = Function;
        var aer = f.FindExtendedCapability(ExtendedCapabilityId.AdvancedErrorReporting);
        var acs = f.FindExtendedCapability(ExtendedCapabilityId.AccessControlServices);
        var dpc = f.FindExtendedCapability(ExtendedCapabilityId.DownstreamPortContainment);
        Options = Options with { Aer = aer != 0, Acs = acs != 0, Dpc = dpc != 0 };
        if (aer != 0)
        {
            Options = Options with { Ecrc = (f.U32(aer + 0x18) & 0xA0) != 0 };
            foreach (var (name, offset) in ((string, int)[])[("Uncorrectable Error Mask", 0x08), ("Uncorrectable Error Severity", 0x0C),
                ("Correctable Error Mask", 0x14)])
                Note(name, aer + offset, 4, hardware: uint.MaxValue);
            if (f.PortType() == PciePortType.RootPort)
            {
                Note("Root Error Command", aer + 0x2C, 4, host: AllThree);
                SignalsFirmware = (f.U16(f.Express() + 0x1C) & AllThree) != 0 && (f.U32(aer + 0x2C) & AllThree) == 0;
            }
        }

        _summary.Add(aer == 0 ? "no AER" : $"AER mask {f.U32(aer + 0x08):x8}h severity {f.U32(aer + 0x0C):x8}h");
        if (!f.IsBridge()) return;
        if (acs != 0)
        {
            // P2P Egress Control would need its vector, and nothing here sets one.
            Options = Options with { AcsSupported = (AcsFeatures)(f.U16(acs + 0x04) & 0x7F) & ~AcsFeatures.EgressControl };
            Note("ACS Capability", acs + 0x04, 2);
            Note("ACS Control", acs + 0x06, 2, hardware: uint.MaxValue);
        }

        if (dpc != 0)
        {
            Options = Options with { DpcRootPortExtensions = Bit(f.U16(dpc + 0x04), 5) };
            Note("DPC Capability", dpc + 0x04, 2);
            Note("DPC Control", dpc + 0x06, 2, host: 0xFF);
        }

        _summary.Add(acs != 0 ? $"ACS {f.U16(acs + 4):x2}h set to {f.U16(acs + 6):x2}h" : "no ACS");
        _summary.Add(dpc != 0 ? "DPC" : "no DPC");
    }

    private void Note(string name, int offset, int bytes, uint hardware = 0, uint firmware = 0, uint host = 0) =>
        _registers.Add(new DumpedRegister(name, bytes, bytes == 2 ? Function.U16(offset) : Function.U32(offset))
        {
            IsAnnounced = (hardware | firmware | host) == 0,
            Hardware = hardware,
            Firmware = firmware,
            Host = host,
        });

    private static bool Bit(uint value, int bit) => (value >> bit & 1) != 0;

    private static int PayloadOf(uint code) => 128 << (int)Math.Min(code & 7, 5);
}
