namespace Sim.Pcie.Config;

/// <summary>One register of a table: offset from the start of its structure, size, name, section and fields. Bits in no field are reserved
/// and read 0 (RsvdP, RsvdZ).</summary>
/// <param name="Offset">Byte offset from the start of the structure.</param>
/// <param name="Bits">8, 16 or 32.</param>
/// <param name="Name">The register's name in the specification.</param>
/// <param name="Section">Where the specification defines it, as "§7.5.3.4".</param>
/// <param name="Fields">Its fields, in any order.</param>
public sealed record RegisterSpec(int Offset, int Bits, string Name, string Section, params FieldSpec[] Fields)
{
    /// <summary>Size in bytes.</summary>
    public int Bytes => Bits / 8;

    /// <summary>The value the field defaults make up.</summary>
    public uint Default
    {
        get
        {
            uint value = 0;
            foreach (var each in Fields)
                value |= each.Default << each.Lsb;
            return value;
        }
    }

    /// <summary>A register that is one field of its full width.</summary>
    public static RegisterSpec Whole(int offset, int bits, string name, string section, RegisterAccess access, uint value = 0) =>
        new(offset, bits, name, section, new FieldSpec(0, bits, name, access, value));
}
