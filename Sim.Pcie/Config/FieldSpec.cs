namespace Sim.Pcie.Config;

/// <summary>One field of a register: where it lies, who may change it and what it holds after a fundamental reset.</summary>
/// <param name="Lsb">Lowest bit of the field in its register.</param>
/// <param name="Width">Width in bits, 1 to 32.</param>
/// <param name="Name">The field's name in the specification.</param>
/// <param name="Access">Access class (§7.4).</param>
/// <param name="Default">Value after a fundamental reset.</param>
/// <param name="SurvivesFlr">True for the fields that §6.6.2 exempts from Function Level Reset (Max_Payload_Size, link control,
/// ...).</param>
public readonly record struct FieldSpec(
    int Lsb, int Width, string Name, RegisterAccess Access, uint Default = 0, bool SurvivesFlr = false)
{
    /// <summary>The field's bits in place.</summary>
    public uint Mask => (uint)(((1UL << Width) - 1) << Lsb);
}
