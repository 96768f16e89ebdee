using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>ACS mechanisms, as bits of ACS Capability and ACS Control (§7.7.11.2, §7.7.11.3).</summary>
[Flags]
public enum AcsFeatures
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>ACS Source Validation.</summary>
    SourceValidation = 1,

    /// <summary>ACS Translation Blocking.</summary>
    TranslationBlocking = 2,

    /// <summary>ACS P2P Request Redirect.</summary>
    RequestRedirect = 4,

    /// <summary>ACS P2P Completion Redirect.</summary>
    CompletionRedirect = 8,

    /// <summary>ACS Upstream Forwarding.</summary>
    UpstreamForwarding = 16,

    /// <summary>ACS P2P Egress Control.</summary>
    EgressControl = 32,

    /// <summary>ACS Direct Translated P2P.</summary>
    DirectTranslated = 64,
}

/// <summary>Access Control Services Extended Capability (§7.7.11).</summary>
public sealed class AcsCapability
{
    private AcsCapability(ConfigSpace config, int offset, AcsFeatures supported, int length) =>
        (Config, Offset, Supported, Length) = (config, offset, supported, length);

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>Bytes of the capability.</summary>
    public int Length { get; }

    /// <summary>Offset of ACS Control.</summary>
    public int Control => Offset + 0x06;

    /// <summary>What it implements.</summary>
    public AcsFeatures Supported { get; }

    /// <summary>What software enabled.</summary>
    public AcsFeatures Enabled => (AcsFeatures)(Config.Read(Control, 2) & 0x7F);

    /// <summary>Places the capability and chains it.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">100h or above.</param>
    /// <param name="supported">What it implements.</param>
    /// <param name="egressVectorBits">Egress Control Vector Size where P2P Egress Control is implemented: 1 to 255.</param>
    public static AcsCapability Add(ConfigSpace config, int offset, AcsFeatures supported, int egressVectorBits = 32)
    {
        string[] names =
        [
            "ACS Source Validation", "ACS Translation Blocking", "ACS P2P Request Redirect", "ACS P2P Completion Redirect",
            "ACS Upstream Forwarding", "ACS P2P Egress Control", "ACS Direct Translated P2P",
        ];
        var (capability, control) = (new List<FieldSpec>(), new List<FieldSpec>());
        for (var bit = 0; bit < names.Length; bit++)
        {
            var has = ((int)supported >> bit & 1) != 0;
            capability.Add(new(bit, 1, names[bit], RO, has ? 1u : 0u));
            control.Add(new(bit, 1, names[bit] + " Enable", has ? RW : RO));
        }
        var egress = supported.HasFlag(AcsFeatures.EgressControl);
        capability.Add(new(8, 8, "Egress Control Vector Size", HwInit, egress ? (uint)egressVectorBits : 0));
        var registers = new List<RegisterSpec>
        {
            new(0x04, 16, "ACS Capability", "§7.7.11.2", [.. capability]),
            new(0x06, 16, "ACS Control", "§7.7.11.3", [.. control]),
        };
        var vectorDwords = egress ? (egressVectorBits + 31) / 32 : 0;
        for (var dword = 0; dword < vectorDwords; dword++)
            registers.Add(new(0x08 + 4 * dword, 32, $"Egress Control Vector DW{dword}", "§7.7.11.4",
                new FieldSpec(0, Math.Min(32, egressVectorBits - 32 * dword), "Egress Control Vector", RW)));
        config.Place(offset, new("Access Control Services", 8 + 4 * vectorDwords, [.. registers]));
        config.ChainExtendedCapability(ExtendedCapabilityId.AccessControlServices, 1, offset);
        return new(config, offset, supported, 8 + 4 * vectorDwords);
    }

    /// <summary>Whether software enabled a mechanism.</summary>
    public bool IsEnabled(AcsFeatures feature) => (Enabled & feature) == feature;

    /// <summary>The Egress Control Vector bit of a Port or Function (§6.12.3): set, P2P Requests towards it are blocked or
    /// redirected.</summary>
    public bool BlocksEgressTo(int number) => Supported.HasFlag(AcsFeatures.EgressControl) && Config.Bit(Offset + 0x08, number);
}
