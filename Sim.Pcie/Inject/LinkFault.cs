namespace Sim.Pcie.Inject;

/// <summary>What goes wrong on a link, below the Transaction Layer: its errors are detected by a port, and corrected by a retransmission
/// where they can be.</summary>
public enum LinkFault
{
    /// <summary>Symbols of a TLP are garbled: Receiver Error at the receiver, the TLP comes again (§4.2.4.8).</summary>
    ReceiverError,

    /// <summary>A TLP's LCRC does not fit: Bad TLP at the receiver, Nak, the TLP comes again (§3.6.3.1).</summary>
    BadTlp,

    /// <summary>A DLLP's CRC does not fit: Bad DLLP at the receiver, the DLLP is dropped (§3.6.2.2).</summary>
    BadDllp,

    /// <summary>An Ack is lost: Replay Timer Timeout at the transmitter; the receiver drops what it has already (§3.6.2.1).</summary>
    LostAck,

    /// <summary>Four times in a row a TLP is garbled: Bad TLP each time, and REPLAY_NUM Rollover at the transmitter, which has the link
    /// retrained (§3.6.2.1).</summary>
    Rollover,

    /// <summary>An Ack names a sequence number that was not sent: Data Link Protocol Error at the transmitter (§3.6.2.2).</summary>
    Protocol,

    /// <summary>UpdateFC breaks the rules: Flow Control Protocol Error at the transmitter (§2.6.1).</summary>
    FlowControl,

    /// <summary>A TLP comes for which no credit was given: Receiver Overflow, and the TLP is lost (§2.6.1.2).</summary>
    Overflow,
}
