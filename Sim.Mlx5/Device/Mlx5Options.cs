using Sim.Core;
using Sim.Pcie.Endpoints;

namespace Sim.Mlx5.Device;

/// <summary>What a VF does with a doorbell that rings while only its initiator is suspended.</summary>
public enum SuspendedDoorbell
{
    /// <summary>Remembered, and served when the initiator runs again.</summary>
    Remember,

    /// <summary>Lost.</summary>
    Discard,
}

/// <summary>What a VF does with an interrupt that becomes due while only its initiator is suspended.</summary>
public enum SuspendedInterrupt
{
    /// <summary>Pending until the initiator runs again.</summary>
    Hold,

    /// <summary>Sent: an interrupt is no peer-to-peer traffic. Once the responder is suspended, too, it is held.</summary>
    Send,
}

/// <summary>What an mlx5 function costs and what its firmware chooses to do.</summary>
public sealed record Mlx5Options
{
    /// <summary>
    /// What a VF does with requests while its responder is suspended. The default is what is reported of mlx5. mlx5 is resumed by commands,
    /// not by
    /// doorbells: <see cref="StoppedStore.DoorbellRestarts"/> is refused.
    /// </summary>
    public StoppedAccessPolicy StoppedAccess { get; init; } = StoppedAccessPolicy.Discard;

    /// <summary>Doorbells while only the initiator is suspended. Default: remembered.</summary>
    public SuspendedDoorbell SuspendedDoorbell { get; init; }

    /// <summary>Interrupts while only the initiator is suspended. Default: held.</summary>
    public SuspendedInterrupt SuspendedInterrupt { get; init; }

    /// <summary>Whether images can be saved while a VF runs, and what changed since in further ones (PRE_COPY). Default true.</summary>
    public bool IncrementalImages { get; init; } = true;

    /// <summary>Bytes of an image that one SAVE or LOAD moves where it crosses in chunks; 0 if it cannot. Default 0.</summary>
    public int ImageChunk { get; init; }

    /// <summary>Whether the PF has page trackers. Default true.</summary>
    public bool PageTracking { get; init; } = true;

    /// <summary>Ranges that a page tracker takes. Default 16, at most 255.</summary>
    public int TrackerRanges { get; init; } = 16;

    /// <summary>Firmware's time for a command, from its last mailbox to its first output. Default 5 us.</summary>
    public SimDuration CommandTime { get; init; } = SimDuration.FromMicroseconds(5);

    /// <summary>Firmware's time for each 4 KiB of an image that it saves or loads. Default 1 us.</summary>
    public SimDuration ImagePageTime { get; init; } = SimDuration.FromMicroseconds(1);

    /// <summary>How often the health counter advances. Default 50 us.</summary>
    public SimDuration HealthPeriod { get; init; } = SimDuration.FromMicroseconds(50);

    /// <summary>Firmware major version, 0 to 15 in the health buffer's form.</summary>
    public int FirmwareMajor { get; init; } = 28;

    /// <summary>Firmware minor version.</summary>
    public int FirmwareMinor { get; init; } = 39;

    /// <summary>Firmware subminor version.</summary>
    public int FirmwareSubminor { get; init; } = 1002;

    /// <summary>4 KiB pages that the firmware of a function asks for before SET_HCA_CAP.</summary>
    public int BootPages { get; init; } = 4;

    /// <summary>4 KiB pages that it asks for before INIT_HCA.</summary>
    public int InitPages { get; init; } = 16;
}
