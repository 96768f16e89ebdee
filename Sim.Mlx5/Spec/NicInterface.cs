namespace Sim.Mlx5.Spec;

/// <summary>NIC interface, bits 10:8 of <see cref="InitSegment.CommandQueueLow"/>: how the driver uses the function.</summary>
public enum NicInterface
{
    /// <summary>A full driver.</summary>
    FullDriver = 0,

    /// <summary>Disabled: no command is taken and no queue runs.</summary>
    Disabled = 1,

    /// <summary>Software reset.</summary>
    SoftwareReset = 7,
}
