namespace Sim.Pcie.Topology;

/// <summary>Data of which some may be known to be bad.</summary>
internal interface IPoisonMap
{
    /// <summary>Whether any of the bytes is.</summary>
    bool IsPoisoned(ulong address, int bytes);
}
