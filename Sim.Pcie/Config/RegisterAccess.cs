namespace Sim.Pcie.Config;

/// <summary>Access classes of a register field, in the words of the specification (§7.4).</summary>
public enum RegisterAccess
{
    /// <summary>Read-only: software cannot change it; hardware may.</summary>
    RO,

    /// <summary>Read-write.</summary>
    RW,

    /// <summary>Write 1 to clear status.</summary>
    RW1C,

    /// <summary>Write 1 to clear status; kept by every reset but the fundamental one.</summary>
    RW1CS,

    /// <summary>Read-write; kept by every reset but the fundamental one.</summary>
    RWS,

    /// <summary>Read-only; kept by every reset but the fundamental one.</summary>
    ROS,

    /// <summary>Set by firmware or straps before software runs, read-only afterwards; no reset changes it.</summary>
    HwInit,
}
