using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>ARI Extended Capability (§7.8.8).</summary>
public sealed class AriCapability
{
    private AriCapability(ConfigSpace config, int offset) => (Config, Offset) = (config, offset);

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>Next Function Number: 0 ends the list.</summary>
    public int NextFunction => (int)Config.Read(Offset + 5, 1);

    /// <summary>Places the capability and chains it.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">100h or above.</param>
    /// <param name="nextFunction">Next Function Number; VFs are not in the list.</param>
    public static AriCapability Add(ConfigSpace config, int offset, int nextFunction = 0)
    {
        config.Place(offset, new("Alternative Routing-ID Interpretation", 8,
            new(0x04, 16, "ARI Capability", "§7.8.8.2",
                new(0, 1, "MFVC Function Groups Capability", RO),
                new(1, 1, "ACS Function Groups Capability", RO),
                new(8, 8, "Next Function Number", RO, (uint)nextFunction)),
            new(0x06, 16, "ARI Control", "§7.8.8.3",
                new(0, 1, "MFVC Function Groups Enable", RO),
                new(1, 1, "ACS Function Groups Enable", RO),
                new(4, 3, "Function Group", RO))));
        config.ChainExtendedCapability(ExtendedCapabilityId.AlternativeRoutingId, 1, offset);
        return new(config, offset);
    }
}
