namespace Sim.Pcie.Transactions;

/// <summary>
/// The CRC registers of the Data Link and Transaction Layers. Bits enter from bit 0 of byte 0 on and the result is complemented;
/// the specification's mapping tables (2-55, 3-7, 3-8) put result bit 31 or 15 into bit 0 of the first byte sent,
/// so the register is kept reflected and goes out low byte first.
/// </summary>
internal static class PcieCrc
{
    private static readonly uint[] Table32 = Build(0xEDB88320);  // 04C1 1DB7h reflected (§3.6.2.1, §2.7.1)
    private static readonly uint[] Table16 = Build(0xD008);      // 100Bh reflected (§3.5.1)

    public const uint Seed32 = 0xFFFFFFFF;
    public const ushort Seed16 = 0xFFFF;

    public static uint Add32(uint register, byte value) => register >> 8 ^ Table32[(byte)(register ^ value)];

    public static uint Add16(uint register, byte value) => register >> 8 ^ Table16[(byte)(register ^ value)];

    /// <summary>A DW whose byte 0 is in bits 31:24.</summary>
    public static uint AddDword(uint register, uint dw)
    {
        register = Add32(register, (byte)(dw >> 24));
        register = Add32(register, (byte)(dw >> 16));
        register = Add32(register, (byte)(dw >> 8));
        return Add32(register, (byte)dw);
    }

    private static uint[] Build(uint reflectedPolynomial)
    {
        var table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
                value = (value & 1) != 0 ? value >> 1 ^ reflectedPolynomial : value >> 1;
            table[i] = value;
        }
        return table;
    }
}
