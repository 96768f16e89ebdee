using System.Buffers.Binary;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>A Data Link Layer Packet of non-FLIT mode: four bytes, byte 0 in bits 31:24, and a CRC of its own (§3.5.1).</summary>
/// <param name="Value">The four bytes before the CRC.</param>
public readonly record struct Dllp(uint Value)
{
    /// <summary>What it is; flow-control types without their Virtual Channel.</summary>
    public DllpType Type
    {
        get
        {
            byte first = (byte)(Value >> 24);
            if (first >= 0x40)
                return (first & 0x08) == 0 ? (DllpType)(first & 0xF0) : DllpType.Reserved; // bit 3: shared credits, FLIT mode
            return Enum.IsDefined((DllpType)first) ? (DllpType)first : DllpType.Reserved;
        }
    }

    /// <summary>InitFC1, InitFC2 or UpdateFC.</summary>
    public bool IsFlowControl => Type is >= DllpType.InitFC1P and < DllpType.Reserved
        and not (DllpType.MRInitFC1 or DllpType.MRUpdateFC or DllpType.MRInitFC2);

    /// <summary>Class of a flow-control DLLP.</summary>
    public FlowClass FlowClass => (FlowClass)(Value >> 28 & 3);

    /// <summary>Virtual Channel of a flow-control DLLP, 0 to 7.</summary>
    public int VirtualChannel => (int)(Value >> 24 & 7);

    /// <summary>AckNak_Seq_Num of Ack and Nak, 12 bits.</summary>
    public int SequenceNumber => (int)(Value & 0xFFF);

    /// <summary>HdrScale: 00b unscaled, else a factor of 1, 4 or 16 (§3.4.2, Table 3-6).</summary>
    public int HdrScale => (int)(Value >> 22 & 3);

    /// <summary>HdrFC as sent, 8 bits.</summary>
    public int HdrFC => (int)(Value >> 14 & 0xFF);

    /// <summary>DataScale, as HdrScale.</summary>
    public int DataScale => (int)(Value >> 12 & 3);

    /// <summary>DataFC as sent, 12 bits.</summary>
    public int DataFC => (int)(Value & 0xFFF);

    /// <summary>Header credits: HdrFC times its factor.</summary>
    public int HeaderCredits => HdrFC << Shift(HdrScale);

    /// <summary>Data credits: DataFC times its factor.</summary>
    public int DataCredits => DataFC << Shift(DataScale);

    /// <summary>Feature Ack of a Data Link Feature DLLP.</summary>
    public bool FeatureAck => (Value & 1u << 23) != 0;

    /// <summary>Feature Supported of a Data Link Feature DLLP, 23 bits; bit 0 is Scaled Flow Control.</summary>
    public int FeatureSupported => (int)(Value & 0x7FFFFF);

    /// <summary>The 16-bit CRC as sent, first byte in bits 15:8.</summary>
    public ushort Crc
    {
        get
        {
            uint register = PcieCrc.Seed16;
            for (int shift = 24; shift >= 0; shift -= 8)
                register = PcieCrc.Add16(register, (byte)(Value >> shift));
            return BinaryPrimitives.ReverseEndianness((ushort)~register);
        }
    }

    /// <summary>Bits that the type reserves and that are set; a Receiver ignores them.</summary>
    public uint ReservedBits => Value & Type switch
    {
        DllpType.Ack or DllpType.Nak => 0x00FFF000u,
        DllpType.PmEnterL1 or DllpType.PmEnterL23 or DllpType.PmActiveStateRequestL1 or DllpType.PmRequestAck => 0x00FFFFFFu,
        _ => 0u,
    };

    /// <summary>An Ack.</summary>
    /// <param name="sequenceNumber">0 to 4095.</param>
    public static Dllp Ack(int sequenceNumber) => new((uint)sequenceNumber & 0xFFF);

    /// <summary>A Nak.</summary>
    /// <inheritdoc cref="Ack"/>
    public static Dllp Nak(int sequenceNumber) => new((uint)DllpType.Nak << 24 | (uint)sequenceNumber & 0xFFF);

    /// <summary>A power management DLLP, NOP or other one without fields.</summary>
    public static Dllp Plain(DllpType type) => new((uint)type << 24);

    /// <summary>InitFC1, InitFC2 or UpdateFC.</summary>
    /// <param name="type">One of the flow-control types.</param>
    /// <param name="virtualChannel">0 to 7.</param>
    /// <param name="hdrFC">As sent: the credits divided by their factor, 8 bits kept.</param>
    /// <param name="dataFC">As sent, 12 bits kept.</param>
    /// <param name="hdrScale">0 to 3.</param>
    /// <param name="dataScale">0 to 3.</param>
    public static Dllp FlowControl(DllpType type, int virtualChannel, int hdrFC, int dataFC, int hdrScale = 0, int dataScale = 0) =>
        new(((uint)type | (uint)virtualChannel & 7) << 24 | ((uint)hdrScale & 3) << 22 | ((uint)hdrFC & 0xFF) << 14
            | ((uint)dataScale & 3) << 12 | (uint)dataFC & 0xFFF);

    /// <summary>A Data Link Feature DLLP.</summary>
    /// <param name="supported">Feature Supported, 23 bits.</param>
    /// <param name="ack">Feature Ack.</param>
    public static Dllp Feature(int supported, bool ack) =>
        new((uint)DllpType.DataLinkFeature << 24 | (ack ? 1u << 23 : 0) | (uint)supported & 0x7FFFFF);

    // Table 3-6: 00b and 01b count single credits, 10b fours, 11b sixteens.
    private static int Shift(int scale) => scale switch { 2 => 2, 3 => 4, _ => 0 };
}
