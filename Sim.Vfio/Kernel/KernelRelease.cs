namespace Sim.Vfio.Kernel;

/// <summary>Whose wording and behaviour the modelled Linux kernel has, where releases differ.</summary>
public enum KernelRelease
{
    /// <summary>5.16: the kernel of the October-December 2021 discussion ("Uncorrected (Non-Fatal) error received: ...").</summary>
    Linux516,

    /// <summary>6.12 ("Uncorrectable (Non-Fatal) error message received from ...").</summary>
    Linux612,

    /// <summary>6.16: AER lines rate-limited, "(no details found", DPC events on one line, header DWs with 0x.</summary>
    Linux616,
}
