namespace Sim.Pcie.Config;

/// <summary>What resets a Function (§6.6). Every kind but <see cref="Fundamental"/> keeps sticky fields.</summary>
public enum ResetKind
{
    /// <summary>Power-on or PERST# (§6.6.1): everything returns to its default.</summary>
    Fundamental,

    /// <summary>Hot reset: Secondary Bus Reset or in-band (§6.6.1).</summary>
    Hot,

    /// <summary>DL_Down at an Upstream Port, which acts as a hot reset (§2.9.1).</summary>
    LinkDown,

    /// <summary>Function Level Reset (§6.6.2): also keeps the fields exempt by that section.</summary>
    FunctionLevel,

    /// <summary>D3Hot to D0 of a Function with No_Soft_Reset clear (§5.3.1.4.1): as FLR for the registers.</summary>
    D3HotToD0,
}
