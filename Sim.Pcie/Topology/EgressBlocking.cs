namespace Sim.Pcie.Topology;

/// <summary>What a port keeps from leaving through it.</summary>
[Flags]
internal enum EgressBlocking
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>AtomicOps: Device Control 2.AtomicOp Egress Blocking (§6.15.2).</summary>
    AtomicOps = 1,

    /// <summary>TLPs with an End-End TLP Prefix: Device Control 2.End-End TLP Prefix Blocking (§2.2.10.4).</summary>
    Prefixes = 2,

    /// <summary>Poisoned TLPs: DPC Control.Poisoned TLP Egress Blocking Enable (§6.2.11.5).</summary>
    Poisoned = 4,

    /// <summary>AtomicOps, because AtomicOp Routing Supported is clear (§7.5.3.15).</summary>
    NoAtomicOpRouting = 8,
}
