namespace Sim.Mlx5.Spec;

/// <summary>
/// Fields of the commands by which a PF suspends, resumes, saves and loads a VF. Mind the op_mod numbering: SUSPEND_VHCA counts from the
/// initiator, RESUME_VHCA from the responder, so that each sequence runs 0, 1.
/// </summary>
public static class VhcaCommands
{
    /// <summary>SUSPEND_VHCA: stop initiating.</summary>
    public const uint SuspendInitiator = 0;

    /// <summary>SUSPEND_VHCA: stop responding.</summary>
    public const uint SuspendResponder = 1;

    /// <summary>RESUME_VHCA: respond again.</summary>
    public const uint ResumeResponder = 0;

    /// <summary>RESUME_VHCA: initiate again.</summary>
    public const uint ResumeInitiator = 1;

    /// <summary>Bytes of QUERY_VHCA_MIGRATION_STATE's output.</summary>
    public const int QueryOutputSize = 0x40;

    /// <summary>Bytes of SAVE_VHCA_STATE's and LOAD_VHCA_STATE's input.</summary>
    public const int TransferInputSize = 0x20;

    /// <summary>The VF's vhca_id.</summary>
    public static BitField VhcaId => new(0x08, 15, 0);

    /// <summary>QUERY and SAVE: only what changed since the last SAVE.</summary>
    public static BitField Incremental => new(0x08, 31, 31);

    /// <summary>QUERY: the SAVEs that follow give the image in chunks.</summary>
    public static BitField Chunk => new(0x08, 30, 30);

    /// <summary>SAVE: track changes from now on.</summary>
    public static BitField SetTrack => new(0x08, 30, 30);

    /// <summary>SAVE and LOAD: address of the image, to be looked up in the mkey.</summary>
    public static QwordField Address => new(0x10);

    /// <summary>SAVE and LOAD: the PF's mkey through which the image is moved.</summary>
    public static BitField Mkey => new(0x18, 31, 0);

    /// <summary>SAVE: room for the image. LOAD: bytes of the image.</summary>
    public static BitField ImageSize => new(0x1C, 31, 0);

    /// <summary>SAVE output: in chunks, bytes that the next SAVE will need; 0 after the last one.</summary>
    public static BitField NextRequiredSize => new(0x0C, 31, 0);

    /// <summary>QUERY output: bytes that SAVE will need.</summary>
    public static BitField RequiredSize => new(0x10, 31, 0);

    /// <summary>QUERY output: bytes that all SAVEs together will need.</summary>
    public static QwordField RemainingTotal => new(0x18);

    /// <summary>SAVE output: bytes of the image.</summary>
    public static BitField ActualSize => new(0x08, 31, 0);
}
