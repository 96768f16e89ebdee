namespace Sim.Pcie.Spec;

/// <summary>Message routing, Type[2:0] of Msg and MsgD (§2.2.8, Table 2-20).</summary>
public enum MessageRouting : byte
{
    /// <summary>Routed to the Root Complex.</summary>
    ToRootComplex = 0,

    /// <summary>Routed by address; no Message of the specification uses it.</summary>
    ByAddress = 1,

    /// <summary>Routed by ID.</summary>
    ById = 2,

    /// <summary>Broadcast from the Root Complex.</summary>
    Broadcast = 3,

    /// <summary>Local: terminates at the Receiver.</summary>
    Local = 4,

    /// <summary>Gathered and routed to the Root Complex (PME_TO_Ack only).</summary>
    Gathered = 5,

    /// <summary>Reserved, treated as local by the Receiver.</summary>
    Reserved6 = 6,

    /// <summary>Reserved, treated as local by the Receiver.</summary>
    Reserved7 = 7,
}
