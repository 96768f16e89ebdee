namespace Sim.Mlx5.Device;

/// <summary>How far a driver has brought an HCA up.</summary>
public enum HcaPhase : byte
{
    /// <summary>Nothing but ENABLE_HCA is taken.</summary>
    Disabled,

    /// <summary>Enabled: pages, capabilities, INIT_HCA.</summary>
    Enabled,

    /// <summary>Initialized: objects can be created.</summary>
    Initialized,
}
