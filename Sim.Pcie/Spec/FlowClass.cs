namespace Sim.Pcie.Spec;

/// <summary>The three classes that ordering (§2.4.1) and flow control (§2.6.1) tell apart.</summary>
public enum FlowClass : byte
{
    /// <summary>Memory Writes and Messages: no Completion comes back.</summary>
    Posted,

    /// <summary>Reads, I/O and configuration writes, AtomicOps, Deferrable Memory Writes: a Completion comes back.</summary>
    NonPosted,

    /// <summary>Completions.</summary>
    Completion,
}
