namespace Sim.Mlx5.Spec;

/// <summary>Registers of the initialization segment at BAR0 offset 0, big-endian.</summary>
public static class InitSegment
{
    /// <summary>Firmware revision: minor in 31:16, major in 15:0.</summary>
    public const int FirmwareRevision = 0x00;

    /// <summary>Command interface revision in 31:16, firmware subminor in 15:0.</summary>
    public const int CommandInterfaceRevision = 0x04;

    /// <summary>Command queue address, upper half.</summary>
    public const int CommandQueueHigh = 0x10;

    /// <summary>Command queue address 31:12; 10:8 NIC interface; reads: 7:4 log2 of the entries, 3:0 log2 of the stride.</summary>
    public const int CommandQueueLow = 0x14;

    /// <summary>Command doorbell vector, one bit per entry.</summary>
    public const int CommandDoorbell = 0x18;

    /// <summary>Bit 31: the function is initializing.</summary>
    public const int Initializing = 0x1FC;

    /// <summary>Health buffer (<see cref="HealthBuffer"/>).</summary>
    public const int Health = 0x200;

    /// <summary>Bytes of the health buffer.</summary>
    public const int HealthSize = 0x40;

    /// <summary>Command execution timeout, in milliseconds.</summary>
    public const int CommandTimeout = 0xFF8;

    /// <summary>Command queue initialization timeout, in milliseconds.</summary>
    public const int CommandQueueInitTimeout = 0xFFC;

    /// <summary>Internal timer, upper half.</summary>
    public const int InternalTimerHigh = 0x1000;

    /// <summary>Internal timer, lower half.</summary>
    public const int InternalTimerLow = 0x1004;

    /// <summary>Health counter, 23:0: advances while the firmware lives.</summary>
    public const int HealthCounter = 0x1010;

    /// <summary>Real time in seconds.</summary>
    public const int RealTimeHigh = 0x1040;

    /// <summary>Real time, nanoseconds of the second.</summary>
    public const int RealTimeLow = 0x1044;

    /// <summary>The command interface revision that drivers require.</summary>
    public const int SupportedInterfaceRevision = 5;

    /// <summary>log2 of the command queue's entries: 32.</summary>
    public const int LogCommandEntries = 5;

    /// <summary>log2 of the command queue's stride: 64 bytes.</summary>
    public const int LogCommandStride = 6;
}
