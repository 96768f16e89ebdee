namespace Sim.Vfio.Migration;

/// <summary>What a device's migration support offers: the flags of VFIO_DEVICE_FEATURE_MIGRATION, with the uAPI's values.</summary>
[Flags]
public enum MigrationFeatures
{
    /// <summary>The device cannot migrate.</summary>
    None = 0,

    /// <summary>STOP, STOP_COPY and RESUMING: mandatory for a device that migrates.</summary>
    StopCopy = 1,

    /// <summary>The P2P states, in which the device initiates no peer-to-peer DMA and still responds.</summary>
    P2P = 2,

    /// <summary>The pre-copy states, in which an image can be read while the device runs.</summary>
    PreCopy = 4,
}
