namespace Sim.Pcie.Config;

/// <summary>The register table of one structure (header or capability), checked when it is made: sizes, alignment, overlap,
/// defaults.</summary>
public sealed class RegisterLayout
{
    /// <summary>Checks and keeps a table.</summary>
    /// <param name="name">The structure's name in the specification.</param>
    /// <param name="size">Bytes the structure occupies.</param>
    /// <param name="registers">Its registers, in any order.</param>
    /// <exception cref="ArgumentException">A register or field overlaps another, is misaligned, does not fit or has a default too
    /// wide.</exception>
    public RegisterLayout(string name, int size, params RegisterSpec[] registers)
    {
        (Name, Size, Registers) = (name, size, registers);
        if (size is <= 0 or > ConfigSpace.ExtendedSize)
            throw new ArgumentException($"{name}: a structure of {size} bytes does not fit configuration space");

        // For each byte the register that has it, counted from 1: tables are made for every Function of every machine.
        Span<short> owners = stackalloc short[size];
        owners.Clear();
        for (short n = 1; n <= registers.Length; n++)
        {
            var register = registers[n - 1];
            CheckRegister(register);
            for (var at = register.Offset; at < register.Offset + register.Bytes; at++)
            {
                if (owners[at] != 0)
                    throw new ArgumentException(
                        $"{name}: '{register.Name}' overlaps '{registers[owners[at] - 1].Name}' at offset {at:X2}h");
                owners[at] = n;
            }
        }
    }

    /// <summary>The structure's name in the specification.</summary>
    public string Name { get; }

    /// <summary>Bytes the structure occupies.</summary>
    public int Size { get; }

    /// <summary>The registers.</summary>
    public IReadOnlyList<RegisterSpec> Registers { get; }

    private void CheckRegister(RegisterSpec register)
    {
        if (register.Bits is not (8 or 16 or 32))
            throw Wrong(register, $" has {register.Bits} bits; a register has 8, 16 or 32");
        if (register.Offset < 0 || register.Offset + register.Bytes > Size)
            throw Wrong(register, $" lies outside the structure's {Size} bytes");
        if (register.Offset % register.Bytes != 0)
            throw Wrong(register, $" is not aligned to its {register.Bytes} bytes");

        uint taken = 0;
        foreach (var field in register.Fields)
        {
            if (field.Lsb < 0 || field.Width < 1 || field.Lsb + field.Width > register.Bits)
                throw Wrong(register, $": field '{field.Name}' does not fit {register.Bits} bits");
            if ((taken & field.Mask) != 0)
                throw Wrong(register, $": field '{field.Name}' overlaps another field");
            if (field.Width < 32 && field.Default >> field.Width != 0)
                throw Wrong(register, $": field '{field.Name}' has a default wider than its {field.Width} bits");
            taken |= field.Mask;
        }
    }

    private ArgumentException Wrong(RegisterSpec register, string what) =>
        new($"{Name}: '{register.Name}' at offset {register.Offset:X2}h{what}");
}
