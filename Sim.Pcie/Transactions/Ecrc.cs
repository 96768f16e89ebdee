using System.Buffers.Binary;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>The end-to-end CRC in the TLP Digest (§2.7.1).</summary>
public static class Ecrc
{
    /// <summary>ECRC of a TLP: its End-End TLP Prefixes, header and payload, with the variant bits (Type[0] and EP) taken as set.</summary>
    /// <param name="tlp">Prefixes, header and payload without the digest; Local TLP Prefixes are skipped. Byte 0 of each DW in bits
    /// 31:24.</param>
    /// <returns>The digest as sent, byte 0 in bits 31:24.</returns>
    public static uint Compute(ReadOnlySpan<uint> tlp)
    {
        uint register = PcieCrc.Seed32;
        int i = 0;
        for (; i < tlp.Length && TlpPrefix.IsPrefix(tlp[i]); i++)
        {
            if (new TlpPrefix(tlp[i]).IsEndEnd)
                register = PcieCrc.AddDword(register, tlp[i]);
        }
        if (i < tlp.Length)
            register = PcieCrc.AddDword(register, tlp[i++] | VariantBits);
        for (; i < tlp.Length; i++)
            register = PcieCrc.AddDword(register, tlp[i]);
        return BinaryPrimitives.ReverseEndianness(~register);
    }

    // Byte 0 bit 0, Type[0]: a Configuration Request turns from Type 1 to Type 0. Byte 2 bit 6: EP.
    private const uint VariantBits = 1u << 24 | 1u << 14;
}
