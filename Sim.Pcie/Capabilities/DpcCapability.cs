using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>What a port's Downstream Port Containment Capability implements.</summary>
public sealed record DpcOptions
{
    /// <summary>RP Extensions for DPC: the RP PIO registers; Root Ports only.</summary>
    public bool RootPortExtensions { get; init; }

    /// <summary>Poisoned TLP Egress Blocking Supported.</summary>
    public bool PoisonedTlpEgressBlocking { get; init; }

    /// <summary>DPC Software Triggering Supported.</summary>
    public bool SoftwareTriggering { get; init; } = true;

    /// <summary>DL_Active ERR_COR Signaling Supported.</summary>
    public bool DlActiveErrCor { get; init; }

    /// <summary>DPC Interrupt Message Number.</summary>
    public int InterruptMessageNumber { get; init; }
}

/// <summary>Downstream Port Containment Extended Capability (§7.9.14): Root Ports and Switch Downstream Ports.</summary>
public sealed class DpcCapability
{
    // Status, Mask, Severity, SysError and Exception have one bit per space and outcome (§7.9.14.6).
    private const uint RpPioBits = 0x0007_0707;

    private DpcCapability(ConfigSpace config, int offset, DpcOptions options) => (Config, Offset, Options) = (config, offset, options);

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>What it was made with.</summary>
    public DpcOptions Options { get; }

    /// <summary>Offset of DPC Control.</summary>
    public int Control => Offset + 0x06;

    /// <summary>Offset of DPC Status.</summary>
    public int Status => Offset + 0x08;

    /// <summary>Offset of DPC Error Source ID.</summary>
    public int ErrorSourceId => Offset + 0x0A;

    /// <summary>Offset of RP PIO Status.</summary>
    public int RpPioStatus => Offset + 0x0C;

    /// <summary>Offset of RP PIO Mask.</summary>
    public int RpPioMask => Offset + 0x10;

    /// <summary>Offset of RP PIO Severity.</summary>
    public int RpPioSeverity => Offset + 0x14;

    /// <summary>Offset of RP PIO SysError.</summary>
    public int RpPioSysError => Offset + 0x18;

    /// <summary>Offset of RP PIO Exception.</summary>
    public int RpPioException => Offset + 0x1C;

    /// <summary>Offset of RP PIO Header Log.</summary>
    public int RpPioHeaderLog => Offset + 0x20;

    /// <summary>DPC Control.DPC Trigger Enable: 0 off, 1 on ERR_FATAL, 2 on ERR_NONFATAL or ERR_FATAL.</summary>
    public int TriggerEnable => (int)Config.Read(Control, 2) & 3;

    /// <summary>DPC Control.DPC Completion Control: Non-Posted Requests during DPC complete with UR if set, with CA if clear.</summary>
    public bool CompletesWithUnsupportedRequest => Config.Bit(Control, 2);

    /// <summary>DPC Control.Poisoned TLP Egress Blocking Enable.</summary>
    public bool BlocksPoisonedEgress => Config.Bit(Control, 5);

    /// <summary>DPC Status.DPC Trigger Status: the port is in DPC.</summary>
    public bool IsTriggered => Config.Bit(Status, 0);

    /// <summary>Whether software may trigger DPC (RP Extensions imply it, §7.9.14.2).</summary>
    public bool TriggersBySoftware => Options.SoftwareTriggering || Options.RootPortExtensions;

    /// <summary>Places the capability and chains it.</summary>
    public static DpcCapability Add(ConfigSpace config, int offset, DpcOptions options)
    {
        // RP Extensions bring all three along (§7.9.14.2).
        var poisonBlocking = options.PoisonedTlpEgressBlocking || options.RootPortExtensions;
        var dlActive = options.DlActiveErrCor || options.RootPortExtensions;
        var registers = new List<RegisterSpec>
        {
            new(0x04, 16, "DPC Capability", "§7.9.14.2",
                new(0, 5, "DPC Interrupt Message Number", RO, (uint)options.InterruptMessageNumber),
                new(5, 1, "RP Extensions for DPC", RO, Flag(options.RootPortExtensions)),
                new(6, 1, "Poisoned TLP Egress Blocking Supported", RO, Flag(poisonBlocking)),
                new(7, 1, "DPC Software Triggering Supported", RO, Flag(options.SoftwareTriggering || options.RootPortExtensions)),
                new(8, 4, "RP PIO Log Size", RO, options.RootPortExtensions ? 4u : 0),
                new(12, 1, "DL_Active ERR_COR Signaling Supported", RO, Flag(dlActive))),
            new(0x06, 16, "DPC Control", "§7.9.14.3",
                new(0, 2, "DPC Trigger Enable", RW),
                new(2, 1, "DPC Completion Control", RW),
                new(3, 1, "DPC Interrupt Enable", RW),
                new(4, 1, "DPC ERR_COR Enable", RW),
                new(5, 1, "Poisoned TLP Egress Blocking Enable", poisonBlocking ? RW : RO),
                new(6, 1, "DPC Software Trigger", RO),
                new(7, 1, "DL_Active ERR_COR Enable", dlActive ? RW : RO)),
            new(0x08, 16, "DPC Status", "§7.9.14.4",
                new(0, 1, "DPC Trigger Status", RW1CS),
                new(1, 2, "DPC Trigger Reason", ROS),
                new(3, 1, "DPC Interrupt Status", RW1CS),
                new(4, 1, "DPC RP Busy", RO),
                new(5, 2, "DPC Trigger Reason Extension", ROS),
                new(8, 5, "RP PIO First Error Pointer", ROS, options.RootPortExtensions ? 0x1Fu : 0)),
            RegisterSpec.Whole(0x0A, 16, "DPC Error Source ID", "§7.9.14.5", ROS),
        };
        if (options.RootPortExtensions)
            registers.AddRange(RootPort());
        config.Place(offset, new("Downstream Port Containment", options.RootPortExtensions ? 0x30 : 0x0C, [.. registers]));
        config.ChainExtendedCapability(ExtendedCapabilityId.DownstreamPortContainment, 1, offset);
        return new(config, offset, options);
    }

    private static IEnumerable<RegisterSpec> RootPort()
    {
        yield return PerOutcome(0x0C, "RP PIO Status", "§7.9.14.6", RW1CS, 0);
        yield return PerOutcome(0x10, "RP PIO Mask", "§7.9.14.7", RWS, RpPioBits);
        yield return PerOutcome(0x14, "RP PIO Severity", "§7.9.14.8", RWS, 0);
        yield return PerOutcome(0x18, "RP PIO SysError", "§7.9.14.9", RWS, 0);
        yield return PerOutcome(0x1C, "RP PIO Exception", "§7.9.14.10", RWS, 0);
        for (var dword = 0; dword < 4; dword++)
            yield return RegisterSpec.Whole(0x20 + 4 * dword, 32, $"RP PIO Header Log DW{dword}", "§7.9.14.11", ROS);
    }

    private static RegisterSpec PerOutcome(int offset, string name, string section, RegisterAccess access, uint value)
    {
        string[] spaces = ["Cfg", "I/O", "Mem"];
        string[] outcomes = ["UR Cpl", "CA Cpl", "CTO"];
        var fields = new List<FieldSpec>();
        for (var space = 0; space < 3; space++)
            for (var outcome = 0; outcome < 3; outcome++)
            {
                var bit = 8 * space + outcome;
                fields.Add(new(bit, 1, $"{spaces[space]} {outcomes[outcome]}", access, value >> bit & 1));
            }
        return new(offset, 32, name, section, [.. fields]);
    }

    private static uint Flag(bool value) => value ? 1u : 0u;
}
