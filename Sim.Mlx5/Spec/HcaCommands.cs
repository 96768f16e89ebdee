namespace Sim.Mlx5.Spec;

/// <summary>Fields of the commands that bring an HCA up and down: ENABLE/DISABLE/INIT/TEARDOWN_HCA, pages, ISSI, capabilities.</summary>
public static class HcaCommands
{
    /// <summary>QUERY_PAGES: pages to give before SET_HCA_CAP.</summary>
    public const uint BootPages = 1;

    /// <summary>QUERY_PAGES: pages to give before INIT_HCA.</summary>
    public const uint InitPages = 2;

    /// <summary>QUERY_PAGES: pages it would like besides.</summary>
    public const uint RegularPages = 3;

    /// <summary>MANAGE_PAGES: the driver cannot give what was asked for.</summary>
    public const uint PagesCannotGive = 0;

    /// <summary>MANAGE_PAGES: the driver gives pages.</summary>
    public const uint PagesGive = 1;

    /// <summary>MANAGE_PAGES: the driver takes pages back.</summary>
    public const uint PagesTake = 2;

    /// <summary>Byte offset of the page addresses in MANAGE_PAGES' input and output.</summary>
    public const int PageList = 0x10;

    /// <summary>Byte offset of the capabilities in SET_HCA_CAP's input and QUERY_HCA_CAP's output.</summary>
    public const int Capability = 0x10;

    /// <summary>Bytes of QUERY_ISSI's output.</summary>
    public const int QueryIssiOutputSize = 0x70;

    /// <summary>
    /// Function that is meant: 0 the caller, n the n-th VF. ENABLE_HCA, DISABLE_HCA, QUERY_PAGES, MANAGE_PAGES, QUERY_HCA_CAP.
    /// </summary>
    public static BitField FunctionId => new(0x08, 15, 0);

    /// <summary>QUERY_HCA_CAP: <see cref="FunctionId"/> is valid.</summary>
    public static BitField OtherFunction => new(0x08, 31, 31);

    /// <summary>TEARDOWN_HCA: profile, 0 graceful, 1 forced.</summary>
    public static BitField TeardownProfile => new(0x08, 15, 0);

    /// <summary>QUERY_PAGES output: pages wanted, signed.</summary>
    public static BitField PageCount => new(0x0C, 31, 0);

    /// <summary>MANAGE_PAGES input: entries of the list, or pages wanted back.</summary>
    public static BitField InputEntries => new(0x0C, 31, 0);

    /// <summary>MANAGE_PAGES output: entries of the list.</summary>
    public static BitField OutputEntries => new(0x08, 31, 0);

    /// <summary>SET_ISSI input, QUERY_ISSI output: interface step.</summary>
    public static BitField CurrentIssi => new(0x08, 15, 0);

    /// <summary>QUERY_ISSI output: bit n set if step n is supported.</summary>
    public static BitField SupportedIssi => new(0x6C, 31, 0);
}
