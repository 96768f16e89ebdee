using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

// The registers of Advanced Error Reporting (§7.8.4).
public sealed partial class AerCapability
{
    /// <summary>Places the capability and chains it.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">100h or above.</param>
    /// <param name="options">What it implements.</param>
    public static AerCapability Add(ConfigSpace config, int offset, AerOptions options)
    {
        var size = options.TlpPrefixLog ? 0x48 : options.RootRegisters ? 0x38 : 0x2C;
        var whole = new List<RegisterSpec>
        {
            Errors(0x04, "Uncorrectable Error Status", "§7.8.4.2", " Status", options, false, RW1CS, _ => false),
            Errors(0x08, "Uncorrectable Error Mask", "§7.8.4.3", " Mask", options, false, RWS, error => error.MaskedByDefault),
            Errors(0x0C, "Uncorrectable Error Severity", "§7.8.4.4", " Severity", options, false, RWS,
                error => error.DefaultSeverity == ErrorSeverity.Fatal),
            Errors(0x10, "Correctable Error Status", "§7.8.4.5", " Status", options, true, RW1CS, _ => false),
            Errors(0x14, "Correctable Error Mask", "§7.8.4.6", " Mask", options, true, RWS, error => error.MaskedByDefault),
            ControlRegister(options),
        };
        for (var dword = 0; dword < 4; dword++)
            whole.Add(RegisterSpec.Whole(0x1C + 4 * dword, 32, $"Header Log DW{dword}", "§7.8.4.8", ROS));
        if (options.RootRegisters)
            whole.AddRange(Root(options));
        for (var dword = 0; options.TlpPrefixLog && dword < 4; dword++)
            whole.Add(RegisterSpec.Whole(0x38 + 4 * dword, 32, $"TLP Prefix Log DW{dword}", "§7.8.4.12", ROS));

        config.Place(offset, new("Advanced Error Reporting", size, [.. whole]));
        config.ChainExtendedCapability(ExtendedCapabilityId.AdvancedErrorReporting, options.Version, offset);
        return new(config, offset, options);
    }

    private static RegisterSpec Errors(
        int offset, string name, string section, string suffix, AerOptions options, bool correctable, RegisterAccess access,
        Func<ErrorFacts, bool> isSetByDefault)
    {
        var fields = new List<FieldSpec>();
        foreach (var error in options.Errors)
        {
            var facts = ErrorTable.Of(error);
            if (facts.IsCorrectable != correctable || (options.VirtualFunction && !facts.FunctionSpecific))
                continue;
            // The other masks and severities of a VF are its PF's (§7.8.4.3, §7.8.4.4: VF RsvdP).
            if (options.VirtualFunction && access == RWS && !facts.VfHasOwnControls)
                continue;
            fields.Add(new(facts.Bit, 1, facts.Name + suffix, access, isSetByDefault(facts) ? 1u : 0u));
        }
        if (correctable && !(options.VirtualFunction && access == RWS))
            fields.Add(new(ErrorTable.AdvisoryNonFatalBit, 1, "Advisory Non-Fatal Error" + suffix, access, access == RWS ? 1u : 0u));
        return new(offset, 32, name, section, [.. fields]);
    }

    private static RegisterSpec ControlRegister(AerOptions o) =>
        new(0x18, 32, "Advanced Error Capabilities and Control", "§7.8.4.7",
            new(0, 5, "First Error Pointer", ROS),
            new(5, 1, "ECRC Generation Capable", RO, Flag(o.Ecrc)),
            new(6, 1, "ECRC Generation Enable", o.Ecrc && !o.VirtualFunction ? RWS : RO),
            new(7, 1, "ECRC Check Capable", RO, Flag(o.Ecrc)),
            new(8, 1, "ECRC Check Enable", o.Ecrc && !o.VirtualFunction ? RWS : RO),
            new(9, 1, "Multiple Header Recording Capable", RO, Flag(o.HeaderRecords > 1)),
            new(10, 1, "Multiple Header Recording Enable", o.HeaderRecords > 1 ? RWS : RO),
            new(11, 1, "TLP Prefix Log Present", ROS),
            new(12, 1, "Completion Timeout Prefix/Header Log Capable", HwInit, Flag(o.CompletionTimeoutLog)));

    private static IEnumerable<RegisterSpec> Root(AerOptions o)
    {
        yield return new(0x2C, 32, "Root Error Command", "§7.8.4.9",
            new(0, 1, "Correctable Error Reporting Enable", RW),
            new(1, 1, "Non-Fatal Error Reporting Enable", RW),
            new(2, 1, "Fatal Error Reporting Enable", RW));
        yield return new(0x30, 32, "Root Error Status", "§7.8.4.10",
            new(0, 1, "ERR_COR Received", RW1CS),
            new(1, 1, "Multiple ERR_COR Received", RW1CS),
            new(2, 1, "ERR_FATAL/NONFATAL Received", RW1CS),
            new(3, 1, "Multiple ERR_FATAL/NONFATAL Received", RW1CS),
            new(4, 1, "First Uncorrectable Fatal", RW1CS),
            new(5, 1, "Non-Fatal Error Messages Received", RW1CS),
            new(6, 1, "Fatal Error Messages Received", RW1CS),
            new(27, 5, "Advanced Error Interrupt Message Number", RO, (uint)o.InterruptMessageNumber));
        yield return new(0x34, 32, "Error Source Identification", "§7.8.4.11",
            new(0, 16, "ERR_COR Source Identification", ROS),
            new(16, 16, "ERR_FATAL/NONFATAL Source Identification", ROS));
    }

    private static uint Flag(bool value) => value ? 1u : 0u;
}
