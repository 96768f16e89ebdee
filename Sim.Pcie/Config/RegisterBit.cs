namespace Sim.Pcie.Config;

/// <summary>One field as it decided something: where it is, what the specification calls it, and its value at that moment.</summary>
/// <param name="Function">Name of the Function whose register it is.</param>
/// <param name="Register">Register name.</param>
/// <param name="Field">Field name.</param>
/// <param name="Offset">Byte offset of the register in configuration space.</param>
/// <param name="Bit">Lowest bit of the field in the register.</param>
/// <param name="Value">The field's value.</param>
/// <param name="Section">Section that defines the register.</param>
public sealed record RegisterBit(string Function, string Register, string Field, int Offset, int Bit, uint Value, string Section)
{
    /// <summary>"Device Control.Unsupported Request Reporting Enable=0 (§7.5.3.4)".</summary>
    public override string ToString() => $"{Register}.{Field}={Value:X} ({Section})";
}
