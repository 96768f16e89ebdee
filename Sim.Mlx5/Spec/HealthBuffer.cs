namespace Sim.Mlx5.Spec;

/// <summary>The health buffer inside the initialization segment; offsets from the beginning of BAR0.</summary>
public static class HealthBuffer
{
    /// <summary>Six words for the vendor.</summary>
    public const int AssertVariables = 0x200;

    /// <summary>Where the firmware stopped.</summary>
    public const int AssertExitPointer = 0x220;

    /// <summary>Return address at the assertion.</summary>
    public const int AssertReturnAddress = 0x224;

    /// <summary>When it stopped.</summary>
    public const int Time = 0x22C;

    /// <summary>Firmware version: major 31:28, minor 27:16, subminor 15:0. All ones means that PCI does not work.</summary>
    public const int FirmwareVersion = 0x230;

    /// <summary>Hardware ID.</summary>
    public const int HardwareId = 0x234;

    /// <summary>Severity, 31:24 with more fields below.</summary>
    public const int Severity = 0x238;

    /// <summary>DW of irisc index (31:24), syndrome (23:16) and extended syndrome (15:0).</summary>
    public const int Syndrome = 0x23C;
}
