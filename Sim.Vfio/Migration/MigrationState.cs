namespace Sim.Vfio.Migration;

/// <summary>The device states of the VFIO v2 migration uAPI, with the uAPI's numbers and names.</summary>
public enum MigrationState
{
    /// <summary>The device failed a transition; only a reset leaves this state, to <see cref="Running"/>.</summary>
    Error = 0,

    /// <summary>Neither runs nor responds to its user: no DMA, no interrupt, internal state frozen.</summary>
    Stop = 1,

    /// <summary>Full operation; the state after power-on and after every reset.</summary>
    Running = 2,

    /// <summary>As <see cref="Stop"/>, and the device image can be read from the data file.</summary>
    StopCopy = 3,

    /// <summary>As <see cref="Stop"/>, and a device image can be written to the data file.</summary>
    Resuming = 4,

    /// <summary>As <see cref="Running"/>, except that no peer-to-peer DMA is initiated; needs
    /// <see cref="MigrationFeatures.P2P"/>.</summary>
    RunningP2P = 5,

    /// <summary>As <see cref="Running"/>, while a first image can be read and changes are tracked; needs
    /// <see cref="MigrationFeatures.PreCopy"/>.</summary>
    PreCopy = 6,

    /// <summary>As <see cref="RunningP2P"/>, while a first image can be read; needs both optional features.</summary>
    PreCopyP2P = 7,
}
