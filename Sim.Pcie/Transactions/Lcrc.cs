using System.Buffers.Binary;

namespace Sim.Pcie.Transactions;

/// <summary>The link CRC that the Data Link Layer appends to a TLP (§3.6.2.1).</summary>
public static class Lcrc
{
    /// <summary>LCRC of a TLP with its sequence number.</summary>
    /// <param name="sequenceNumber">0 to 4095; goes in front of the TLP as two bytes whose high four bits are 0.</param>
    /// <param name="tlp">The whole TLP, digest included; byte 0 of each DW in bits 31:24.</param>
    /// <returns>The LCRC as sent, byte 0 in bits 31:24; complemented it marks a nullified TLP.</returns>
    public static uint Compute(int sequenceNumber, ReadOnlySpan<uint> tlp)
    {
        uint register = PcieCrc.Add32(PcieCrc.Seed32, (byte)(sequenceNumber >> 8 & 0xF));
        register = PcieCrc.Add32(register, (byte)sequenceNumber);
        foreach (uint dw in tlp)
            register = PcieCrc.AddDword(register, dw);
        return BinaryPrimitives.ReverseEndianness(~register);
    }
}
