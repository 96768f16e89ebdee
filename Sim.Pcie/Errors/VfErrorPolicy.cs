namespace Sim.Pcie.Errors;

/// <summary>Whose AER registers decide for a VF that has no AER capability.</summary>
public enum VfErrorPolicy
{
    /// <summary>Nobody's: default severities, no mask, no Message for advisory cases (§6.2.9, §6.2.3.2.4).</summary>
    Specification,

    /// <summary>The PF's mask and severity apply to its VFs, as some implementations have it; the VF still logs nothing.</summary>
    PfAerDecides,
}
