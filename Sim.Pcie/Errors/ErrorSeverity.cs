namespace Sim.Pcie.Errors;

/// <summary>How an error is classified, which is also which Message signals it (§6.2.2).</summary>
public enum ErrorSeverity
{
    /// <summary>Signaled with ERR_COR.</summary>
    Correctable,

    /// <summary>Uncorrectable, non-fatal: signaled with ERR_NONFATAL.</summary>
    NonFatal,

    /// <summary>Uncorrectable, fatal: signaled with ERR_FATAL.</summary>
    Fatal,
}
