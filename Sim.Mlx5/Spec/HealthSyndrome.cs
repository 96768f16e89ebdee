namespace Sim.Mlx5.Spec;

/// <summary>Syndromes of the health buffer: what ails the firmware.</summary>
public enum HealthSyndrome : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Firmware internal error.</summary>
    FirmwareError = 0x01,

    /// <summary>An irisc does not respond.</summary>
    IriscError = 0x07,

    /// <summary>Unrecoverable hardware error.</summary>
    UnrecoverableHardware = 0x08,

    /// <summary>Firmware CRC error.</summary>
    CrcError = 0x09,

    /// <summary>PCI error while fetching internal context memory.</summary>
    IcmFetchPciError = 0x0A,

    /// <summary>Fatal hardware error.</summary>
    HardwareFatal = 0x0B,

    /// <summary>The asynchronous EQ overran.</summary>
    AsyncEqOverrun = 0x0C,

    /// <summary>EQ error.</summary>
    EqError = 0x0D,

    /// <summary>Reference to an invalid EQ.</summary>
    EqInvalid = 0x0E,

    /// <summary>FFSER error.</summary>
    Ffser = 0x0F,

    /// <summary>High temperature.</summary>
    HighTemperature = 0x10,
}
