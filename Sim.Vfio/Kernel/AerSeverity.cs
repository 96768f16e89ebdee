namespace Sim.Vfio.Kernel;

/// <summary>The three error Messages as the kernel names them.</summary>
public enum AerSeverity
{
    /// <summary>ERR_COR.</summary>
    Correctable,

    /// <summary>ERR_NONFATAL.</summary>
    NonFatal,

    /// <summary>ERR_FATAL.</summary>
    Fatal,
}
