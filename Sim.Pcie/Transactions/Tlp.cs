using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>
/// A TLP in flight: its header, and a body if it has payload content, prefixes or an ECRC. 24 bytes, copied freely; the body is shared.
/// </summary>
public struct Tlp
{
    /// <summary>The header DWs.</summary>
    public TlpHeader Header;

    /// <summary>
    /// Payload, prefixes, ECRC; null with none of them, or where a payload's content is not modelled (its length is still the header's).
    /// </summary>
    public TlpBody? Body;

    /// <summary>A TLP from its parts.</summary>
    public Tlp(TlpHeader header, TlpBody? body = null) => (Header, Body) = (header, body);

    /// <summary>Payload bytes on the wire, whole DWs, from the header.</summary>
    public readonly int PayloadBytes => Header.PayloadBytes;

    /// <summary>Data credits that the TLP takes, units of 16 bytes rounded up (§2.6.1).</summary>
    public readonly int DataCredits => ByteEnables.DataCredits(Header.PayloadBytes);

    /// <summary>Bytes of the TLP without framing: prefixes, header, payload, ECRC.</summary>
    public readonly int WireBytes => OverheadBytes + Header.PayloadBytes;

    /// <summary>Bytes of the TLP without framing and payload: prefixes, header, ECRC.</summary>
    public readonly int OverheadBytes
    {
        get
        {
            int bytes = Header.HeaderDwords * 4 + (int)(Header.Dw0 >> 13 & 4); // TD is bit 15: 4 bytes of ECRC
            return Body is null ? bytes : bytes + Body.PrefixCount * 4;
        }
    }

    /// <summary>Type and header DWs, for messages and the debugger.</summary>
    public override readonly string ToString() => $"{Header.Type} {Header}";
}
