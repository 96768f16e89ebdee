using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>
/// The bits of a header that its type reserves and that are set nevertheless: Receivers ignore them, Switches pass them on (§2.2.1).
/// </summary>
/// <param name="Dw0">In DW0.</param>
/// <param name="Dw1">In DW1.</param>
/// <param name="Dw2">In DW2.</param>
/// <param name="Dw3">In DW3.</param>
public readonly record struct ReservedBits(uint Dw0, uint Dw1, uint Dw2, uint Dw3)
{
    private const uint Ln = 1u << 17;
    private const uint Th = 1u << 16;
    private const uint Attr2 = 1u << 18;
    private const uint Attr10 = 3u << 12;
    private const uint Length = 0x3FF;

    /// <summary>No reserved bit is set.</summary>
    public bool IsEmpty => (Dw0 | Dw1 | Dw2 | Dw3) == 0;

    /// <summary>Which reserved bits a header has set. AT has warnings of its own and is not counted.</summary>
    public static ReservedBits Of(in TlpHeader header) => header.Type switch
    {
        TlpType.MRd or TlpType.MRdLk or TlpType.MWr or TlpType.DMWr => Memory(in header, 0),
        TlpType.FetchAdd or TlpType.Swap or TlpType.CAS => Memory(in header, header.Th ? 0 : 0xFFu), // §2.2.7.1: no byte enables
        TlpType.IORd or TlpType.IOWr => new(header.Dw0 & (Ln | Th | Attr2), 0, header.Dw2 & 3, 0),
        TlpType.CfgRd0 or TlpType.CfgRd1 or TlpType.CfgWr0 or TlpType.CfgWr1 =>
            new(header.Dw0 & (Ln | Th | Attr2), 0, header.Dw2 & 0xF003, 0),
        TlpType.Msg or TlpType.MsgD => Message(in header),
        TlpType.Cpl or TlpType.CplLk => new(header.Dw0 & (Ln | Th | Length), 0, header.Dw2 & 0x80, 0),
        TlpType.CplD or TlpType.CplDLk => new(header.Dw0 & (Ln | Th), 0, header.Dw2 & 0x80, 0),
        _ => default,
    };

    private static ReservedBits Memory(in TlpHeader header, uint dw1Mask)
    {
        // §2.2.4.1: PH is reserved without TH; the low bit of a Translation Request is No Write (§10.2.2).
        uint low = header.Th ? 0 : header.IsNoWrite ? 2u : 3u;
        uint dw0 = header.Dw0 & Ln;
        uint dw1 = header.Dw1 & dw1Mask;
        return header.HeaderDwords == 4 ? new(dw0, dw1, 0, header.Dw3 & low) : new(dw0, dw1, header.Dw2 & low, 0);
    }

    private static ReservedBits Message(in TlpHeader header)
    {
        // §2.2.8: TH and Attr[1:0] are reserved, Attr[1:0] not in Vendor_Defined Messages; Length is without data.
        uint dw0 = Ln | Th | (header.HasData ? 0 : Length);
        if (header.MessageCode is not (MessageCode.VendorDefined0 or MessageCode.VendorDefined1))
            dw0 |= Attr10;
        if (MessageTable.Find(header.MessageCode) is not { } spec)
            return new(header.Dw0 & dw0, 0, 0, 0);
        uint dw2 = spec.Dw2Mask | (header.MessageRouting == MessageRouting.ById ? 0xFFFF0000 : 0);
        return new(header.Dw0 & dw0, 0, header.Dw2 & ~dw2, header.Dw3 & ~spec.Dw3Mask);
    }
}
