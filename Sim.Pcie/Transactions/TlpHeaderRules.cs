using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>The rules that a header breaks by itself, whatever the state of the Receiver (§2.2, §2.3).</summary>
internal static class TlpHeaderRules
{
    public static TlpRule Check(in TlpHeader header, ref TlpWarnings warnings)
    {
        if (header.Poisoned && !header.HasData)
            warnings |= TlpWarnings.PoisonWithoutData;
        if (!ReservedBits.Of(in header).IsEmpty)
            warnings |= TlpWarnings.ReservedBits;
        return header.Type switch
        {
            TlpType.MRd or TlpType.MRdLk or TlpType.MWr or TlpType.DMWr => Memory(in header, ref warnings),
            TlpType.FetchAdd or TlpType.Swap or TlpType.CAS => Atomic(in header, ref warnings),
            TlpType.Msg or TlpType.MsgD => MessageRules.Check(in header, ref warnings),
            TlpType.Cpl or TlpType.CplD or TlpType.CplLk or TlpType.CplDLk => Completion(in header, ref warnings),
            _ => OneDword(in header, ref warnings),
        };
    }

    private static TlpRule Memory(in TlpHeader header, ref TlpWarnings warnings)
    {
        WarnOfAddress(in header, ref warnings);
        int length = header.LengthDw, first = header.FirstBe, last = header.LastBe;
        if (length == 1)
        {
            if (last != 0)
                return TlpRule.LastBeOneDword;
        }
        else if (first == 0)
            return TlpRule.FirstBeZero;
        else if (last == 0)
            return TlpRule.LastBeZero;
        else if ((length > 2 || (header.Address & 4) != 0) && HasGap(first, last))
            return TlpRule.ByteEnableGap;
        if (header.At == AddressType.TranslationRequest && header.IsMemoryRead)
        {
            // §10.2.2: Length counts translations of 2 DW, address bits 11:0 select no bytes.
            if ((length & 1) != 0)
                warnings |= TlpWarnings.TranslationLength;
            return TlpRule.None;
        }
        return (header.Address & 0xFFF) + (uint)length * 4 > 4096 ? TlpRule.Crosses4K : TlpRule.None;
    }

    // Contiguous up to the end of the first DW and from the start of the last: x000, xx00, xxx0 and their mirror images.
    private static bool HasGap(int first, int last) => (first | first - 1) != 0xF || (last & last + 1) != 0;

    private static TlpRule Atomic(in TlpHeader header, ref TlpWarnings warnings)
    {
        WarnOfAddress(in header, ref warnings);
        int length = header.LengthDw;
        bool fits = header.Type == TlpType.CAS ? length is 2 or 4 or 8 : length is 1 or 2; // Table 2-15
        if (!fits)
            return TlpRule.AtomicLength;
        int operandBytes = header.Type == TlpType.CAS ? length * 2 : length * 4;
        return (header.Address & (uint)(operandBytes - 1)) != 0 ? TlpRule.AtomicAlignment : TlpRule.None;
    }

    private static void WarnOfAddress(in TlpHeader header, ref TlpWarnings warnings)
    {
        if (header.HeaderDwords == 4 && header.Dw2 == 0)
            warnings |= TlpWarnings.LowAddressIn64BitFormat;
        if (header.At == AddressType.Reserved)
            warnings |= TlpWarnings.AddressTypeReserved;
    }

    private static TlpRule OneDword(in TlpHeader header, ref TlpWarnings warnings)
    {
        if (header.At != AddressType.Untranslated)
            warnings |= TlpWarnings.AddressTypeNotZero;
        if (header.LengthDw != 1)
            return TlpRule.RequestLength;
        if (header.LastBe != 0)
            return TlpRule.LastBeOneDword;
        if (header.Tc != 0)
            return TlpRule.RequestTc;
        const TlpAttributes Attr10 = TlpAttributes.NoSnoop | TlpAttributes.RelaxedOrdering;
        return (header.Attributes & Attr10) != 0 ? TlpRule.RequestAttributes : TlpRule.None;
    }

    private static TlpRule Completion(in TlpHeader header, ref TlpWarnings warnings)
    {
        if (header.At != AddressType.Untranslated)
            warnings |= TlpWarnings.AddressTypeNotZero;
        if (header.Bcm)
            warnings |= TlpWarnings.ByteCountModified;
        if (header.Status is not (CompletionStatus.Successful or CompletionStatus.UnsupportedRequest or CompletionStatus.RequestRetry
            or CompletionStatus.CompleterAbort))
            warnings |= TlpWarnings.StatusReserved;
        if (!header.HasData)
            return TlpRule.None;
        if (header.Status != CompletionStatus.Successful)
        {
            warnings |= TlpWarnings.DataWithFailedStatus;
            return TlpRule.None;
        }
        if (header.Bcm) // the Byte Count is that of one packet only (§2.3.1.1)
            return TlpRule.None;
        int offset = header.LowerAddress & 3;
        int carried = header.LengthDw * 4 - offset;
        if (header.ByteCount > carried) // more to come: 64 bytes is the smallest boundary
            return (header.LowerAddress + carried & 63) != 0 ? TlpRule.CompletionBoundary : TlpRule.None;
        return carried - header.ByteCount > 3 ? TlpRule.CompletionLength : TlpRule.None;
    }
}
