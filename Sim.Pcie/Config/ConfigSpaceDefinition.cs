namespace Sim.Pcie.Config;

// How a Function is made: tables placed, values defined, capabilities chained. Nothing here runs after power-on.
public sealed partial class ConfigSpace
{
    private const int CapabilitiesPointer = 0x34;
    private const int FirstExtended = 0x100;

    /// <summary>Places a register table: its fields' access classes and defaults apply from <paramref name="offset"/> on.</summary>
    /// <exception cref="ArgumentException">It is misaligned, overlaps a table placed before, or leaves the space.</exception>
    public void Place(int offset, RegisterLayout layout)
    {
        if (offset % 4 != 0)
            throw new ArgumentException($"{Name}: {layout.Name} at {offset:X3}h is not DW aligned");
        if (offset < 0 || offset + layout.Size > Size)
            throw new ArgumentException($"{Name}: {layout.Name} at {offset:X3}h with {layout.Size} bytes leaves the {Size} bytes");

        foreach (var register in layout.Registers)
        {
            var start = offset + register.Offset;
            _registers.Add(register with { Offset = start });
            for (var at = start; at < start + register.Bytes; at++)
            {
                if (RegisterAt(at) is { } other)
                    throw new ArgumentException($"{Name}: {layout.Name} '{register.Name}' at {at:X3}h overlaps '{other.Name}'");
                _registerAt[at] = (ushort)_registers.Count;
            }
            Define(start, register.Bytes, register.Default);
            foreach (var field in register.Fields)
                SetAccess(start, register.Bytes, field.Mask, field.Access, field.SurvivesFlr);
        }
    }

    /// <summary>Sets a value now and as the default of every reset.</summary>
    public void Define(int offset, int size, uint value)
    {
        HwSet(offset, size, value);
        Store(_defaults, offset, size, value);
    }

    /// <summary>Sets the default of every reset and leaves the present value.</summary>
    public void DefineDefault(int offset, int size, uint value)
    {
        CheckAccess(offset, size);
        Store(_defaults, offset, size, value);
    }

    /// <summary>Defines some bits of a register and leaves the others.</summary>
    public void DefineBits(int offset, int size, uint mask, uint value) =>
        Define(offset, size, Load(_defaults, offset, size) & ~mask | value & mask);

    /// <summary>Changes the access class of some bits, where a Function departs from its table (a VF, an imported dump).</summary>
    public void SetAccess(int offset, int size, uint mask, RegisterAccess access, bool survivesFlr = false)
    {
        CheckAccess(offset, size);
        Apply(_writable, access is RegisterAccess.RW or RegisterAccess.RWS);
        Apply(_clearedByOne, access is RegisterAccess.RW1C or RegisterAccess.RW1CS);
        Apply(_sticky, access is RegisterAccess.RWS or RegisterAccess.RW1CS or RegisterAccess.ROS);
        Apply(_survivesFlr, survivesFlr);

        void Apply(byte[] plane, bool set) =>
            Store(plane, offset, size, set ? Load(plane, offset, size) | mask : Load(plane, offset, size) & ~mask);
    }

    /// <summary>Bits software can set and clear in the register at <paramref name="offset"/>.</summary>
    public uint WriteMask(int offset, int size) => Load(_writable, offset, size);

    /// <summary>Bits software clears by writing 1 in the register at <paramref name="offset"/>.</summary>
    public uint ClearMask(int offset, int size) => Load(_clearedByOne, offset, size);

    /// <summary>Appends a PCI-compatible capability to the list that starts at offset 34h (§7.5.1.1.11) and sets Status.Capabilities
    /// List.</summary>
    public void ChainCapability(byte id, int offset)
    {
        if (offset is < 0x40 or > 0xFC || offset % 4 != 0)
            throw new ArgumentException($"{Name}: capability {id:X2}h cannot lie at {offset:X2}h (§7.5.1.1.11)");
        var link = CapabilitiesPointer;
        while (Read(link, 1) is not 0 and var next)
            link = (int)next + 1;
        Define(link, 1, (uint)offset);
        Define(offset, 2, id);
        DefineBits(0x06, 2, 0x10, 0x10);
    }

    /// <summary>Appends an extended capability; the first one lies at 100h (§7.6.3).</summary>
    public void ChainExtendedCapability(ushort id, int version, int offset)
    {
        if (offset < FirstExtended || offset % 4 != 0 || offset >= Size)
            throw new ArgumentException($"{Name}: extended capability {id:X4}h cannot lie at {offset:X3}h (§7.6.3)");
        var header = Read(FirstExtended);
        if (header == 0 != (offset == FirstExtended))
            throw new ArgumentException($"{Name}: the first extended capability lies at 100h, not {id:X4}h at {offset:X3}h (§7.6.3)");
        if (header != 0)
        {
            var last = FirstExtended;
            while (Read(last) >> 20 is not 0 and var next)
                last = (int)next;
            DefineBits(last, 4, 0xFFF0_0000, (uint)offset << 20);
        }
        Define(offset, 4, id | (uint)version << 16);
    }

    /// <summary>Offset of the first capability with this ID, or 0.</summary>
    public int FindCapability(byte id)
    {
        var at = (int)Read(CapabilitiesPointer, 1);
        for (var steps = 0; at >= 0x40 && steps < 48; steps++, at = (int)Read(at + 1, 1) & 0xFC)
            if (Read(at, 1) == id)
                return at;
        return 0;
    }

    /// <summary>Offset of the first extended capability with this ID, or 0.</summary>
    public int FindExtendedCapability(ushort id)
    {
        if (Size == ConventionalSize)
            return 0;
        var at = FirstExtended;
        for (var steps = 0; at >= FirstExtended && steps < 960; steps++, at = (int)(Read(at) >> 20) & 0xFFC)
            if ((Read(at) & 0xFFFF) == id && Read(at) != 0)
                return at;
        return 0;
    }

    /// <summary>The register fields of every table placed, as (register, its absolute offset in <see cref="RegisterSpec.Offset"/>,
    /// field).</summary>
    public IEnumerable<(RegisterSpec Register, FieldSpec Field)> Fields()
    {
        for (var at = 0; at < Size;)
        {
            if (RegisterAt(at) is not { } register)
            {
                at++;
                continue;
            }

            foreach (var field in register.Fields) yield return (register, field);
            at += register.Bytes;
        }
    }

    private RegisterSpec? RegisterAt(int offset) => _registerAt[offset] is > 0 and var n ? _registers[n - 1] : null;

    /// <summary>The field that holds a bit, by the names of its table, with its present value: what an explanation prints.</summary>
    /// <param name="offset">Byte offset of the register.</param>
    /// <param name="bit">Bit number in it.</param>
    public RegisterBit Describe(int offset, int bit)
    {
        if (RegisterAt(offset + bit / 8) is not { } register)
            return new(Name, $"offset {offset:X3}h", $"bit {bit}", offset, bit, Bit(offset, bit) ? 1u : 0u, "no table");
        bit += (offset - register.Offset) * 8;
        foreach (var field in register.Fields)
            if ((field.Mask >> bit & 1) != 0)
                return new(Name, register.Name, field.Name, register.Offset, field.Lsb,
                    (Read(register.Offset, register.Bytes) & field.Mask) >> field.Lsb, register.Section);
        return new(Name, register.Name, $"bit {bit} (reserved)", register.Offset, bit, 0, register.Section);
    }
}
