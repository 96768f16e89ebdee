using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>MSI-X Capability (§7.7.2). The table and the pending bits lie in a BAR.</summary>
public sealed class MsixCapability
{
    private MsixCapability(ConfigSpace config, int offset, int entries) => (Config, Offset, Entries) = (config, offset, entries);

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>Table entries.</summary>
    public int Entries { get; }

    /// <summary>MSI-X Enable.</summary>
    public bool Enabled => Config.Bit(Offset + 2, 15);

    /// <summary>Function Mask.</summary>
    public bool FunctionMasked => Config.Bit(Offset + 2, 14);

    /// <summary>BAR index of the table.</summary>
    public int TableBar => (int)Config.Read(Offset + 4) & 7;

    /// <summary>Offset of the table in its BAR.</summary>
    public uint TableOffset => Config.Read(Offset + 4) & ~7u;

    /// <summary>BAR index of the pending bits.</summary>
    public int PendingBar => (int)Config.Read(Offset + 8) & 7;

    /// <summary>Offset of the pending bits in their BAR.</summary>
    public uint PendingOffset => Config.Read(Offset + 8) & ~7u;

    /// <summary>Places the capability and chains it.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">DW-aligned.</param>
    /// <param name="entries">1 to 2048.</param>
    /// <param name="bar">BAR index of table and pending bits.</param>
    /// <param name="tableOffset">Offset in the BAR, a multiple of 8.</param>
    /// <param name="pendingOffset">Offset in the BAR, a multiple of 8.</param>
    public static MsixCapability Add(ConfigSpace config, int offset, int entries, int bar, uint tableOffset, uint pendingOffset)
    {
        if (entries is < 1 or > 2048 || bar is < 0 or > 5 || (tableOffset | pendingOffset) % 8 != 0)
            throw new ArgumentException(
                $"{config.Name}: MSI-X with {entries} entries, BAR{bar}, table {tableOffset:X}h, PBA {pendingOffset:X}h (§7.7.2.2)");
        config.Place(offset, new("MSI-X", 12,
            new(0x02, 16, "MSI-X Message Control", "§7.7.2.2",
                new(0, 11, "Table Size", RO, (uint)entries - 1),
                new(14, 1, "Function Mask", RW),
                new(15, 1, "MSI-X Enable", RW)),
            new(0x04, 32, "MSI-X Table Offset/Table BIR", "§7.7.2.3",
                new(0, 3, "Table BIR", RO, (uint)bar), new(3, 29, "Table Offset", RO, tableOffset >> 3)),
            new(0x08, 32, "MSI-X PBA Offset/PBA BIR", "§7.7.2.4",
                new(0, 3, "PBA BIR", RO, (uint)bar), new(3, 29, "PBA Offset", RO, pendingOffset >> 3))));
        config.ChainCapability(CapabilityId.Msix, offset);
        return new(config, offset, entries);
    }
}
