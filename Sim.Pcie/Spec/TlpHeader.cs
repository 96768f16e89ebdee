using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sim.Pcie.Spec;

/// <summary>
/// The header of one TLP as raw DWs: DW0 has byte 0 in bits 31:24, as AER's Header Log and a kernel log print it (§2.2.1).
/// The properties are the bit-fields; a field that the type does not have reads as whatever those bits hold.
/// The DW3 of a 3 DW header is not sent.
/// </summary>
public struct TlpHeader : IEquatable<TlpHeader>
{
    /// <summary>TD in DW0 (§2.2.1).</summary>
    public const uint DigestPresent = 1u << 15;

    /// <summary>EP in DW0 (§2.2.1).</summary>
    public const uint PoisonedData = 1u << 14;

    /// <summary>Attr[1] in DW0, Relaxed Ordering (§2.2.6.4).</summary>
    public const uint RelaxedOrdering = 1u << 13;

    /// <summary>Attr[2] in DW0, ID-Based Ordering (§2.2.6.4).</summary>
    public const uint IdBasedOrdering = 1u << 18;

    /// <summary>Bytes 0 to 3: Fmt, Type, TC, attributes, TD, EP, AT, Length.</summary>
    public uint Dw0;

    /// <summary>Bytes 4 to 7: Requester ID, Tag, byte enables or Message Code; in Completions Completer ID, Status, Byte Count.</summary>
    public uint Dw1;

    /// <summary>Bytes 8 to 11: address, destination ID; in Completions Requester ID, Tag, Lower Address.</summary>
    public uint Dw2;

    /// <summary>Bytes 12 to 15 of a 4 DW header.</summary>
    public uint Dw3;

    /// <summary>A header from its DWs.</summary>
    public TlpHeader(uint dw0, uint dw1, uint dw2, uint dw3 = 0) => (Dw0, Dw1, Dw2, Dw3) = (dw0, dw1, dw2, dw3);

    /// <summary>The type from Fmt and Type; Reserved if the combination is.</summary>
    public readonly TlpType Type
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TlpEncodings.TypeOf((byte)(Dw0 >> 24));
    }

    /// <summary>Posted, Non-Posted or Completion (§2.6.1).</summary>
    public readonly FlowClass FlowClass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TlpEncodings.ClassOf((byte)(Dw0 >> 24));
    }

    /// <summary>Fmt[2:0].</summary>
    public readonly int Fmt => (int)(Dw0 >> 29);

    /// <summary>3 or 4 DWs, from Fmt[0].</summary>
    public readonly int HeaderDwords => 3 + (int)(Dw0 >> 29 & 1);

    /// <summary>A payload follows the header, from Fmt[1].</summary>
    public readonly bool HasData => (Dw0 & 1u << 30) != 0;

    /// <summary>A Completion of any kind.</summary>
    public readonly bool IsCompletion => (Dw0 & 0x1E000000) == 0x0A000000;

    /// <summary>IORd or IOWr.</summary>
    public readonly bool IsIo => (Dw0 & 0xBF000000) == 0x02000000;

    /// <summary>A Configuration Request of either type.</summary>
    public readonly bool IsConfiguration => (Dw0 & 0x1E000000) == 0x04000000;

    /// <summary>MRd with an address of either width; not MRdLk.</summary>
    public readonly bool IsMemoryRead => (Dw0 & 0xDF000000) == 0;

    /// <summary>MRdLk with an address of either width.</summary>
    public readonly bool IsLockedRead => (Dw0 & 0xDF000000) == 0x01000000;

    /// <summary>MWr with an address of either width.</summary>
    public readonly bool IsMemoryWrite => (Dw0 & 0xDF000000) == 0x40000000;

    /// <summary>FetchAdd, Swap or CAS.</summary>
    public readonly bool IsAtomicOp => (Dw0 & 0x1C000000) == 0x0C000000;

    /// <summary>Msg or MsgD.</summary>
    public readonly bool IsMessage => (Dw0 & 0x18000000) == 0x10000000;

    /// <summary>Length in DWs, 1 to 1024: of the payload, or of what a read asks for (§2.2.2).</summary>
    public int LengthDw
    {
        readonly get => ((int)(Dw0 - 1) & 0x3FF) + 1;
        set => Dw0 = Dw0 & ~0x3FFu | (uint)value & 0x3FF;
    }

    /// <summary>Payload bytes on the wire: 4 times Length, or 0 without data.</summary>
    public readonly int PayloadBytes => HasData ? LengthDw * 4 : 0;

    /// <summary>Traffic Class, 0 to 7.</summary>
    public int Tc
    {
        readonly get => (int)(Dw0 >> 20 & 7);
        set => Dw0 = Dw0 & ~(7u << 20) | ((uint)value & 7) << 20;
    }

    /// <summary>Attr[2:0]: No Snoop, Relaxed Ordering, ID-Based Ordering.</summary>
    public TlpAttributes Attributes
    {
        readonly get => (TlpAttributes)(Dw0 >> 12 & 3 | Dw0 >> 16 & 4);
        set => Dw0 = Dw0 & ~(1u << 18 | 3u << 12) | ((uint)value & 4) << 16 | ((uint)value & 3) << 12;
    }

    /// <summary>Lightweight Notification, DW0 bit 17; deprecated in revision 6.0 and reserved since.</summary>
    public readonly bool Ln => (Dw0 & 1u << 17) != 0;

    /// <summary>TLP Processing Hints present (§2.2.7.1).</summary>
    public readonly bool Th => (Dw0 & 1u << 16) != 0;

    /// <summary>PH[1:0], the address's low two bits when TH is set (§2.2.7.1).</summary>
    public readonly int ProcessingHint => (int)((HeaderDwords == 4 ? Dw3 : Dw2) & 3);

    /// <summary>
    /// Steering Tag [7:0] when TH is set: in the Tag's place of a Memory Write, in the byte enables' place otherwise (§2.2.7.1).
    /// </summary>
    public readonly byte SteeringTag => IsMemoryWrite ? (byte)(Dw1 >> 8) : (byte)Dw1;

    /// <summary>TLP Digest: an ECRC follows (§2.7.1).</summary>
    public bool Td
    {
        readonly get => (Dw0 & 1u << 15) != 0;
        set => Dw0 = value ? Dw0 | 1u << 15 : Dw0 & ~(1u << 15);
    }

    /// <summary>EP: the payload is poisoned (§2.7.2).</summary>
    public bool Poisoned
    {
        readonly get => (Dw0 & 1u << 14) != 0;
        set => Dw0 = value ? Dw0 | 1u << 14 : Dw0 & ~(1u << 14);
    }

    /// <summary>Address Type of a memory Request (§10.2.1).</summary>
    public AddressType At
    {
        readonly get => (AddressType)(Dw0 >> 10 & 3);
        set => Dw0 = Dw0 & ~(3u << 10) | ((uint)value & 3) << 10;
    }

    /// <summary>Requester ID: of a Request its sender, of a Completion its destination.</summary>
    public RoutingId RequesterId
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => new((ushort)((IsCompletion ? Dw2 : Dw1) >> 16));
        set
        {
            if (IsCompletion)
                Dw2 = Dw2 & 0xFFFF | (uint)value.Value << 16;
            else
                Dw1 = Dw1 & 0xFFFF | (uint)value.Value << 16;
        }
    }

    /// <summary>Tag, 0 to 1023: T9 is DW0 bit 23, T8 is DW0 bit 19, the rest a byte of DW1, of DW2 in Completions (§2.2.6.2).</summary>
    public int Tag
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => (int)((IsCompletion ? Dw2 : Dw1) >> 8 & 0xFF | Dw0 >> 11 & 0x100 | Dw0 >> 14 & 0x200);
        set
        {
            Dw0 = Dw0 & ~(1u << 23 | 1u << 19) | ((uint)value & 0x100) << 11 | ((uint)value & 0x200) << 14;
            if (IsCompletion)
                Dw2 = Dw2 & ~0xFF00u | ((uint)value & 0xFF) << 8;
            else
                Dw1 = Dw1 & ~0xFF00u | ((uint)value & 0xFF) << 8;
        }
    }

    /// <summary>First DW Byte Enables (§2.2.5); a read with TH has all of them set and sends the Steering Tag in their place.</summary>
    public readonly int FirstBe => HasSteeringTagForEnables ? 0xF : (int)(Dw1 & 0xF);

    /// <summary>Last DW Byte Enables (§2.2.5); 0 for a length of one DW.</summary>
    public readonly int LastBe => HasSteeringTagForEnables ? (LengthDw == 1 ? 0 : 0xF) : (int)(Dw1 >> 4 & 0xF);

    // §2.2.5.1: memory reads and DMWr with TH imply their byte enables (AtomicOps have none at all).
    private readonly bool HasSteeringTagForEnables => Th && Type is TlpType.MRd or TlpType.MRdLk or TlpType.DMWr;

    /// <summary>Byte address of the first DW: 32 or 64 bits by Fmt, low two bits 0 (§2.2.4.1).</summary>
    public ulong Address
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => (HeaderDwords == 4 ? (ulong)Dw2 << 32 | Dw3 : Dw2) & ~3ul;
        set
        {
            if (HeaderDwords == 4)
                (Dw2, Dw3) = ((uint)(value >> 32), (uint)value & ~3u | Dw3 & 3);
            else
                Dw2 = (uint)value & ~3u | Dw2 & 3;
        }
    }

    /// <summary>Gives a memory Request another address, in the form that it then must have: 3 DWs below 4 GiB, 4 DWs from there on
    /// (§2.2.4.1).</summary>
    public void Readdress(ulong value)
    {
        var low = (HeaderDwords == 4 ? Dw3 : Dw2) & 3;
        var wide = value >> 32 != 0;
        Dw0 = Dw0 & ~(1u << 29) | (wide ? 1u << 29 : 0);
        (Dw2, Dw3) = wide ? ((uint)(value >> 32), (uint)value & ~3u | low) : ((uint)value & ~3u | low, 0);
    }

    /// <summary>No Write flag of a Translation Request, the address's low bit (§10.2.2).</summary>
    public readonly bool IsNoWrite =>
        At == AddressType.TranslationRequest && IsMemoryRead && !Th && ((HeaderDwords == 4 ? Dw3 : Dw2) & 1) != 0;

    /// <summary>Byte address of the first enabled byte; the first DW's if none is enabled.</summary>
    public readonly ulong FirstByteAddress =>
        (Dw1 & 0xF) == 0xF ? Address : Address + (uint)(BitOperations.TrailingZeroCount(FirstBe | 0x10) & 3);

    /// <summary>Bytes from the first to the last enabled one, both included; 0 for a zero-length Request (§2.2.5, Table 2-40).</summary>
    public readonly int EnabledBytes =>
        (Dw1 & 0xFF) == 0xFF ? LengthDw * 4 : Transactions.ByteEnables.ByteCount(FirstBe, LastBe, LengthDw);

    /// <summary>Where an ID-routed TLP goes: Configuration Requests, Messages routed by ID, Completions (§2.2.4.2).</summary>
    public readonly RoutingId DestinationId => new((ushort)(Dw2 >> 16));

    /// <summary>
    /// Byte offset of the addressed configuration register, 0 to 4092, DW-aligned (§2.2.7, Extended Register Number included).
    /// </summary>
    public readonly int Register => (int)(Dw2 & 0xFFC);

    /// <summary>Completer ID of a Completion.</summary>
    public readonly RoutingId CompleterId => new((ushort)(Dw1 >> 16));

    /// <summary>Completion Status as sent; reserved values are taken as UR by the Requester (§2.3.2).</summary>
    public CompletionStatus Status
    {
        readonly get => (CompletionStatus)(Dw1 >> 13 & 7);
        set => Dw1 = Dw1 & ~(7u << 13) | ((uint)value & 7) << 13;
    }

    /// <summary>Byte Count Modified: set by PCI-X Completers only (§2.2.9.1).</summary>
    public readonly bool Bcm => (Dw1 & 1u << 12) != 0;

    /// <summary>Byte Count of a Completion, 1 to 4096: bytes still to come, this Completion's included (§2.2.9.1).</summary>
    public int ByteCount
    {
        readonly get => ((int)(Dw1 - 1) & 0xFFF) + 1;
        set => Dw1 = Dw1 & ~0xFFFu | (uint)value & 0xFFF;
    }

    /// <summary>Lower Address of a Completion: low seven bits of the first enabled byte's address (§2.2.9.1).</summary>
    public readonly int LowerAddress => (int)(Dw2 & 0x7F);

    /// <summary>Message Code (§2.2.8).</summary>
    public readonly MessageCode MessageCode => (MessageCode)(byte)Dw1;

    /// <summary>Message routing, Type[2:0] (§2.2.8).</summary>
    public readonly MessageRouting MessageRouting => (MessageRouting)(Dw0 >> 24 & 7);

    /// <summary>All sent DWs are the same: DW3 counts only in a 4 DW header.</summary>
    public readonly bool Equals(TlpHeader other) =>
        Dw0 == other.Dw0 && Dw1 == other.Dw1 && Dw2 == other.Dw2 && (HeaderDwords == 3 || Dw3 == other.Dw3);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is TlpHeader other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(Dw0, Dw1, Dw2, HeaderDwords == 3 ? 0 : Dw3);

    /// <summary>The same DWs were sent.</summary>
    public static bool operator ==(TlpHeader left, TlpHeader right) => left.Equals(right);

    /// <summary>Other DWs were sent.</summary>
    public static bool operator !=(TlpHeader left, TlpHeader right) => !left.Equals(right);

    /// <summary>The DWs as a kernel log prints them: "40000001 0000000f fee00000".</summary>
    public override readonly string ToString() =>
        HeaderDwords == 4 ? $"{Dw0:x8} {Dw1:x8} {Dw2:x8} {Dw3:x8}" : $"{Dw0:x8} {Dw1:x8} {Dw2:x8}";
}
