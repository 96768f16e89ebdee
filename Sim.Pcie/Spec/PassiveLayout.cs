namespace Sim.Pcie.Spec;

/// <summary>
/// Register layout of the passive device, a device of this project's own that only answers: BAR0 as <see cref="DmaQueueLayout"/> has it,
/// with a file of registers in place of the queue. It issues nothing but an interrupt for every store to <see cref="Trigger"/>.
/// </summary>
public static class PassiveLayout
{
    /// <summary>What Identification reads.</summary>
    public const uint Magic = 0x51DA_0002;

    /// <summary>Trigger: counts the stores to it and raises MSI-X vector 0.</summary>
    public const int Trigger = DmaQueueLayout.Doorbell;

    /// <summary>First register of the file.</summary>
    public const int FileBase = 0x100;

    /// <summary>Registers of 32 bits in the file.</summary>
    public const int FileRegisters = 64;

    /// <summary>How many stores the device has taken, read-only; also its health counter.</summary>
    public const int Stores = DmaQueueLayout.Health;
}
