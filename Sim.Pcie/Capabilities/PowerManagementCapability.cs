using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>Device power state (§5.3.1).</summary>
public enum PowerState
{
    /// <summary>Operating.</summary>
    D0 = 0,

    /// <summary>Light sleep; not implemented here.</summary>
    D1 = 1,

    /// <summary>Deeper sleep; not implemented here.</summary>
    D2 = 2,

    /// <summary>Off but for configuration and Messages.</summary>
    D3Hot = 3,
}

/// <summary>PCI Power Management Capability (§7.5.2): D0 and D3Hot.</summary>
public sealed class PowerManagementCapability
{
    private PowerManagementCapability(ConfigSpace config, int offset)
    {
        (Config, Offset) = (config, offset);
        config.OnWrite(Status, 1, OnStatusWritten);
    }

    /// <summary>Told when software has changed the power state: before, after.</summary>
    public event Action<PowerState, PowerState>? OnStateChange;

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>Offset of Power Management Control/Status.</summary>
    public int Status => Offset + 0x04;

    /// <summary>Present power state.</summary>
    public PowerState State => (PowerState)(Config.Read(Status, 1) & 3);

    /// <summary>No_Soft_Reset: D3Hot to D0 does not reset the Function.</summary>
    public bool NoSoftReset => Config.Bit(Status, 3);

    /// <summary>Places the capability and chains it.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">DW-aligned.</param>
    /// <param name="noSoftReset">No_Soft_Reset.</param>
    /// <param name="pmeSupport">PME_Support: a bit for each of D0, D1, D2, D3Hot and D3Cold from which it can send PM_PME.</param>
    public static PowerManagementCapability Add(ConfigSpace config, int offset, bool noSoftReset = true, int pmeSupport = 0)
    {
        config.Place(offset, new("Power Management", 8,
            new(0x02, 16, "Power Management Capabilities", "§7.5.2.1",
                new(0, 3, "Version", RO, 3),
                new(9, 1, "D1_Support", RO),
                new(10, 1, "D2_Support", RO),
                new(11, 5, "PME_Support", RO, (uint)pmeSupport)),
            new(0x04, 16, "Power Management Control/Status", "§7.5.2.2",
                new(0, 2, "PowerState", RW),
                new(3, 1, "No_Soft_Reset", RO, noSoftReset ? 1u : 0u),
                new(8, 1, "PME_En", pmeSupport == 0 ? RO : RWS),
                new(15, 1, "PME_Status", pmeSupport == 0 ? RO : RW1CS))));
        config.ChainCapability(CapabilityId.PowerManagement, offset);
        return new(config, offset);
    }

    private void OnStatusWritten(ConfigWrite write)
    {
        var (before, after) = ((PowerState)(write.Old & 3), (PowerState)(write.New & 3));
        if (after is PowerState.D1 or PowerState.D2)
            Config.HwSet(Status, 1, write.Old & 0xFF); // an unsupported state is discarded (§7.5.2.2)
        else if (before != after)
            OnStateChange?.Invoke(before, after);
    }
}
