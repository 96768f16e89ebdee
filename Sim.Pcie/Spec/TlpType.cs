namespace Sim.Pcie.Spec;

/// <summary>The TLP types of the non-FLIT format, by the specification's mnemonic (§2.2.1, Table 2-3).</summary>
public enum TlpType : byte
{
    /// <summary>A Fmt and Type combination that the specification reserves.</summary>
    Reserved,

    /// <summary>Memory Read Request.</summary>
    MRd,

    /// <summary>Memory Read Request, Locked.</summary>
    MRdLk,

    /// <summary>Memory Write Request.</summary>
    MWr,

    /// <summary>Deferrable Memory Write Request: non-posted (§6.32).</summary>
    DMWr,

    /// <summary>I/O Read Request.</summary>
    IORd,

    /// <summary>I/O Write Request.</summary>
    IOWr,

    /// <summary>Configuration Read, Type 0.</summary>
    CfgRd0,

    /// <summary>Configuration Write, Type 0.</summary>
    CfgWr0,

    /// <summary>Configuration Read, Type 1.</summary>
    CfgRd1,

    /// <summary>Configuration Write, Type 1.</summary>
    CfgWr1,

    /// <summary>Message Request without data.</summary>
    Msg,

    /// <summary>Message Request with data.</summary>
    MsgD,

    /// <summary>Completion without data.</summary>
    Cpl,

    /// <summary>Completion with data.</summary>
    CplD,

    /// <summary>Completion for a locked Memory Read, without data.</summary>
    CplLk,

    /// <summary>Completion for a locked Memory Read, with data.</summary>
    CplDLk,

    /// <summary>Fetch and Add AtomicOp.</summary>
    FetchAdd,

    /// <summary>Unconditional Swap AtomicOp.</summary>
    Swap,

    /// <summary>Compare and Swap AtomicOp.</summary>
    CAS,
}
