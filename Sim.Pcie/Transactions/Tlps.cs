using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>Well-formed TLPs from what their sender knows. Addresses below 4 GiB take the 3 DW header, as §2.2.4.1 demands.</summary>
public static class Tlps
{
    private const uint AllEnabled = 0xFF;

    // First DWs of Completions; those of a locked read differ in one bit.
    private static readonly uint Cpl = (uint)TlpEncodings.FirstByte(TlpType.Cpl) << 24;
    private static readonly uint CplD = (uint)TlpEncodings.FirstByte(TlpType.CplD) << 24;
    private static readonly uint Locked = Cpl ^ (uint)TlpEncodings.FirstByte(TlpType.CplLk) << 24;

    /// <summary>A Memory Read (MRd).</summary>
    /// <param name="requester">Requester ID.</param>
    /// <param name="tag">0 to 1023.</param>
    /// <param name="address">Byte address.</param>
    /// <param name="byteCount">0 (zero-length read) to 4096, within one 4 KiB page (§2.2.7).</param>
    /// <param name="attributes">Attr[2:0].</param>
    /// <param name="at">Address Type.</param>
    /// <param name="tc">Traffic Class, 0 to 7.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range crosses a 4 KiB boundary or is longer.</exception>
    public static Tlp MemoryRead(RoutingId requester, int tag, ulong address, int byteCount,
        TlpAttributes attributes = TlpAttributes.None, AddressType at = AddressType.Untranslated, int tc = 0) =>
        new(Memory(TlpType.MRd, requester, tag, address, byteCount, attributes, at, tc));

    /// <summary>A Memory Write (MWr) of the body's bytes; byte enables follow from address and count.</summary>
    /// <param name="body">The bytes from <paramref name="address"/> on.</param>
    /// <param name="tag">Free for the sender's use (§2.2.6.2).</param>
    /// <inheritdoc cref="MemoryRead"/>
    public static Tlp MemoryWrite(RoutingId requester, ulong address, TlpBody body,
        TlpAttributes attributes = TlpAttributes.None, AddressType at = AddressType.Untranslated, int tc = 0, int tag = 0) =>
        new(Memory(TlpType.MWr, requester, tag, address, body.Length, attributes, at, tc), body);

    /// <summary>A Memory Write whose content is not modelled: only its length matters.</summary>
    /// <inheritdoc cref="MemoryRead"/>
    public static Tlp MemoryWrite(RoutingId requester, ulong address, int byteCount,
        TlpAttributes attributes = TlpAttributes.None, AddressType at = AddressType.Untranslated, int tc = 0, int tag = 0) =>
        new(Memory(TlpType.MWr, requester, tag, address, byteCount, attributes, at, tc));

    /// <summary>A Deferrable Memory Write (DMWr), non-posted.</summary>
    /// <inheritdoc cref="MemoryWrite(RoutingId, ulong, TlpBody, TlpAttributes, AddressType, int, int)"/>
    public static Tlp DeferrableMemoryWrite(RoutingId requester, int tag, ulong address, TlpBody body,
        TlpAttributes attributes = TlpAttributes.None, AddressType at = AddressType.Untranslated, int tc = 0) =>
        new(Memory(TlpType.DMWr, requester, tag, address, body.Length, attributes, at, tc), body);

    /// <summary>
    /// An AtomicOp; the body holds the operands: 4 or 8 bytes, for CAS compare then swap value of 4, 8 or 16 each (§2.2.7).
    /// </summary>
    /// <param name="type">FetchAdd, Swap or CAS.</param>
    /// <param name="address">Aligned to the operand.</param>
    /// <exception cref="ArgumentException">Not an AtomicOp, or a size or alignment that it does not have.</exception>
    /// <inheritdoc cref="MemoryRead"/>
    public static Tlp AtomicOp(TlpType type, RoutingId requester, int tag, ulong address, TlpBody body,
        TlpAttributes attributes = TlpAttributes.None, AddressType at = AddressType.Untranslated, int tc = 0)
    {
        int operand = type == TlpType.CAS ? body.Length / 2 : body.Length;
        bool sizeFits = type switch
        {
            TlpType.FetchAdd or TlpType.Swap => body.Length is 4 or 8,
            TlpType.CAS => body.Length is 8 or 16 or 32,
            _ => false,
        };
        if (!sizeFits || (address & (uint)(operand - 1)) != 0)
            throw new ArgumentException(
                $"{type} of {body.Length} bytes at 0x{address:x}: no such operand or not naturally aligned (§2.2.7)", nameof(body));
        var header = Memory(type, requester, tag, address, 4, attributes, at, tc);
        header.LengthDw = body.Length / 4;
        header.Dw1 &= ~0xFFu; // byte enables are reserved in AtomicOps (§2.2.5)
        return new(header, body);
    }

    /// <summary>A Configuration Read of one register (CfgRd0, CfgRd1).</summary>
    /// <param name="destination">The Function addressed.</param>
    /// <param name="register">Byte offset 0 to 4095; its low two bits are not sent.</param>
    /// <param name="firstBe">Which of the register's four bytes.</param>
    /// <param name="type1">Type 1: to be passed on by a bridge.</param>
    /// <inheritdoc cref="MemoryRead"/>
    public static Tlp ConfigRead(RoutingId requester, int tag, RoutingId destination, int register, int firstBe = 0xF,
        bool type1 = false) =>
        new(OneDword(type1 ? TlpType.CfgRd1 : TlpType.CfgRd0, requester, tag, firstBe, ConfigAddress(destination, register)));

    /// <summary>A Configuration Write of one register (CfgWr0, CfgWr1).</summary>
    /// <param name="body">One DW: the register's four bytes, little-endian.</param>
    /// <inheritdoc cref="ConfigRead"/>
    public static Tlp ConfigWrite(RoutingId requester, int tag, RoutingId destination, int register, TlpBody body, int firstBe = 0xF,
        bool type1 = false) =>
        new(OneDword(type1 ? TlpType.CfgWr1 : TlpType.CfgWr0, requester, tag, firstBe, ConfigAddress(destination, register)), body);

    /// <summary>An I/O Read within one DW (IORd).</summary>
    /// <param name="address">Byte address; its low two bits are not sent.</param>
    /// <param name="firstBe">Which of the DW's bytes.</param>
    /// <inheritdoc cref="MemoryRead"/>
    public static Tlp IoRead(RoutingId requester, int tag, uint address, int firstBe = 0xF) =>
        new(OneDword(TlpType.IORd, requester, tag, firstBe, address & ~3u));

    /// <summary>An I/O Write within one DW (IOWr).</summary>
    /// <param name="body">One DW.</param>
    /// <inheritdoc cref="IoRead"/>
    public static Tlp IoWrite(RoutingId requester, int tag, uint address, TlpBody body, int firstBe = 0xF) =>
        new(OneDword(TlpType.IOWr, requester, tag, firstBe, address & ~3u), body);

    /// <summary>A Message: Msg without a body, MsgD with one (§2.2.8).</summary>
    /// <param name="requester">Requester ID.</param>
    /// <param name="code">Message Code.</param>
    /// <param name="routing">Routing; by ID the destination is bits 31:16 of <paramref name="dw2"/>.</param>
    /// <param name="dw2">Header bytes 8 to 11, by Message.</param>
    /// <param name="dw3">Header bytes 12 to 15, by Message.</param>
    /// <param name="body">Payload of whole DWs, or null.</param>
    /// <param name="tag">Used by a few Messages only.</param>
    public static Tlp Message(RoutingId requester, MessageCode code, MessageRouting routing, uint dw2 = 0, uint dw3 = 0,
        TlpBody? body = null, int tag = 0)
    {
        uint length = body is null ? 0 : (uint)(body.Length + 3) >> 2;
        var first = (uint)TlpEncodings.FirstByte(length == 0 ? TlpType.Msg : TlpType.MsgD) | (uint)routing;
        return new(new(first << 24 | length & 0x3FF, (uint)requester.Value << 16 | ((uint)tag & 0xFF) << 8 | (uint)code, dw2, dw3), body);
    }

    /// <summary>
    /// A Completion without data: every write's, and a read's that failed. Copies Requester ID, Tag, TC and attributes (§2.2.9).
    /// </summary>
    /// <param name="request">The Request that it answers.</param>
    /// <param name="completer">Completer ID.</param>
    /// <param name="status">Completion Status.</param>
    public static Tlp Completion(in TlpHeader request, RoutingId completer, CompletionStatus status)
    {
        // §2.2.9.1: Byte Count is what is still owed for memory reads, 4 otherwise; Lower Address is 0 but for memory reads.
        bool memoryRead = request.IsMemoryRead || request.IsLockedRead;
        int byteCount = memoryRead ? ByteEnables.CompletionByteCount(request.FirstBe, request.LastBe, request.LengthDw)
            : AtomicByteCount(in request);
        int lower = memoryRead ? ByteEnables.LowerAddress(request.Address, request.FirstBe) : 0;
        return new(CompletionHeader(Cpl, in request, completer, status, byteCount, lower));
    }

    /// <summary>One Completion with data of a read or AtomicOp (CplD, CplDLk).</summary>
    /// <param name="byteCountRemaining">Byte Count: bytes owed, this Completion's included (§2.3.1.1).</param>
    /// <param name="lowerAddress">Low bits of the first returned byte's address.</param>
    /// <param name="body">The bytes from there on.</param>
    /// <inheritdoc cref="Completion"/>
    public static Tlp CompletionWithData(in TlpHeader request, RoutingId completer, int byteCountRemaining, int lowerAddress,
        TlpBody body) =>
        new(DataCompletionHeader(in request, completer, byteCountRemaining, lowerAddress, body.Length), body);

    /// <summary>One Completion with data whose content is not modelled.</summary>
    /// <param name="bytes">Bytes that it returns.</param>
    /// <inheritdoc cref="CompletionWithData(in TlpHeader, RoutingId, int, int, TlpBody)"/>
    public static Tlp CompletionWithData(in TlpHeader request, RoutingId completer, int byteCountRemaining, int lowerAddress, int bytes) =>
        new(DataCompletionHeader(in request, completer, byteCountRemaining, lowerAddress, bytes));

    private static TlpHeader DataCompletionHeader(
        in TlpHeader request, RoutingId completer, int byteCountRemaining, int lowerAddress, int bytes)
    {
        var header = CompletionHeader(CplD, in request, completer, CompletionStatus.Successful, byteCountRemaining, lowerAddress);
        header.Dw0 |= (uint)ByteEnables.LengthDw((uint)lowerAddress, bytes) & 0x3FF;
        return header;
    }

    private static int AtomicByteCount(in TlpHeader request) => request.Type switch
    {
        TlpType.FetchAdd or TlpType.Swap => request.LengthDw * 4,
        TlpType.CAS => request.LengthDw * 2, // two operands are sent, one comes back
        _ => 4,
    };

    private static TlpHeader CompletionHeader(uint first, in TlpHeader request, RoutingId completer, CompletionStatus status,
        int byteCount, int lowerAddress)
    {
        const uint copied = 1u << 23 | 7u << 20 | 1u << 19 | 1u << 18 | 3u << 12; // T9, TC, T8, Attr
        if (request.IsLockedRead) first |= Locked;
        return new(first | request.Dw0 & copied,
            (uint)completer.Value << 16 | (uint)status << 13 | (uint)byteCount & 0xFFF,
            request.Dw1 & 0xFFFFFF00 | (uint)lowerAddress & 0x7F);
    }

    private static uint ConfigAddress(RoutingId destination, int register) => (uint)destination.Value << 16 | (uint)register & 0xFFC;

    private static TlpHeader OneDword(TlpType type, RoutingId requester, int tag, int firstBe, uint dw2)
    {
        var header = new TlpHeader((uint)TlpEncodings.FirstByte(type) << 24 | 1, (uint)requester.Value << 16 | (uint)firstBe & 0xF, dw2);
        header.Tag = tag;
        return header;
    }

    private static TlpHeader Memory(TlpType type, RoutingId requester, int tag, ulong address, int byteCount, TlpAttributes attributes,
        AddressType at, int tc)
    {
        if ((uint)byteCount > 4096 - (uint)(address & 0xFFF))
            ThrowCrossing(type, address, byteCount);
        bool wide = address >> 32 != 0;
        uint be = AllEnabled, length = (uint)byteCount >> 2;
        if (((uint)address & 3 | (uint)byteCount & 3) != 0 || byteCount <= 4)
        {
            be = (uint)(ByteEnables.Last(address, byteCount) << 4 | ByteEnables.First(address, byteCount));
            length = (uint)ByteEnables.LengthDw(address, byteCount);
        }

        var dw0 = (uint)TlpEncodings.FirstByte(type, wide) << 24 | ((uint)tc & 7) << 20 | ((uint)at & 3) << 10 | length & 0x3FF
            | ((uint)tag & 0x100) << 11 | ((uint)tag & 0x200) << 14;
        var header = new TlpHeader(dw0, (uint)requester.Value << 16 | ((uint)tag & 0xFF) << 8 | be,
            wide ? (uint)(address >> 32) : (uint)address & ~3u, wide ? (uint)address & ~3u : 0);
        if (attributes != TlpAttributes.None) header.Attributes = attributes;
        return header;
    }

    private static void ThrowCrossing(TlpType type, ulong address, int byteCount) =>
        throw new ArgumentOutOfRangeException(nameof(byteCount), byteCount, $"{type} at 0x{address:x} crosses a 4 KiB boundary (§2.2.7)");
}
