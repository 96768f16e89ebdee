namespace Sim.Iommu.Vtd;

/// <summary>Root entries (VT-d §9.1, §9.2): 16 bytes for each bus.</summary>
public static class RootEntry
{
    /// <summary>Bytes.</summary>
    public const int Bytes = 16;

    /// <summary>Present: of the context table, or in scalable mode of the half it stands in.</summary>
    public const ulong Present = 1;
}

/// <summary>Context entries (VT-d §9.3, §9.4): 16 bytes in legacy mode, 32 in scalable mode.</summary>
public static class ContextEntry
{
    /// <summary>Bytes in legacy mode.</summary>
    public const int Bytes = 16;

    /// <summary>Bytes in scalable mode, where a root entry names two tables of 128 entries.</summary>
    public const int ScalableBytes = 32;

    /// <summary>Present.</summary>
    public const ulong Present = 1;

    /// <summary>Fault Processing Disable.</summary>
    public const ulong FaultDisable = 2;

    /// <summary>Reserved bits 11:4 of a legacy entry's lower half.</summary>
    public const ulong LegacyReservedLow = 0xFF0;

    /// <summary>Reserved bits of a legacy entry's upper half: 7 and 63:24.</summary>
    public const ulong LegacyReservedHigh = 0xFFFF_FFFF_FF00_0080;

    /// <summary>Reserved bits 8:5 of a scalable-mode entry's first quadword.</summary>
    public const ulong ScalableReservedLow = 0x1E0;

    /// <summary>Reserved bits of a scalable-mode entry's second quadword: above RID_PASID and RID_PRIV.</summary>
    public const ulong ScalableReservedHigh = 0xFFFF_FFFF_FFE0_0000;

    /// <summary>Translation Type of a legacy entry.</summary>
    public static TranslationType TypeOf(ulong low) => (TranslationType)(low >> 2 & 3);

    /// <summary>Address Width of a legacy entry, as table levels.</summary>
    public static int LevelsOf(ulong high) => 2 + (int)(high & 7);

    /// <summary>Domain Identifier of a legacy entry.</summary>
    public static ushort DomainOf(ulong high) => (ushort)(high >> 8);

    /// <summary>The two quadwords of a legacy entry.</summary>
    /// <param name="type">Translation Type.</param>
    /// <param name="table">Host address of the top table; 0 for pass-through.</param>
    /// <param name="levels">Levels of the tables, 2 to 5.</param>
    /// <param name="domain">Domain Identifier.</param>
    public static (ulong Low, ulong High) Legacy(TranslationType type, ulong table, int levels, ushort domain) =>
        (table | (ulong)type << 2 | Present, (ulong)domain << 8 | (uint)(levels - 2));
}

/// <summary>Translation Type of a legacy context entry.</summary>
public enum TranslationType
{
    /// <summary>Untranslated requests go through second-stage tables; others are blocked.</summary>
    Untranslated,

    /// <summary>As <see cref="Untranslated"/>, and the device may use ATS.</summary>
    WithDeviceTlb,

    /// <summary>Untranslated requests pass.</summary>
    PassThrough,
}

/// <summary>PASID directory and table entries (VT-d §9.5, §9.6), of 8 and 64 bytes.</summary>
public static class PasidEntry
{
    /// <summary>Bytes of a directory entry.</summary>
    public const int DirectoryBytes = 8;

    /// <summary>Bytes of a table entry.</summary>
    public const int Bytes = 64;

    /// <summary>PASIDs of one table.</summary>
    public const int PerTable = 64;

    /// <summary>Present, of both.</summary>
    public const ulong Present = 1;

    /// <summary>Fault Processing Disable, of both.</summary>
    public const ulong FaultDisable = 2;

    /// <summary>Second Stage Access/Dirty Enable.</summary>
    public const ulong AccessedDirty = 1 << 9;

    /// <summary>PASID Granular Translation Type.</summary>
    public static PasidType TypeOf(ulong first) => (PasidType)(first >> 6 & 7);

    /// <summary>Address Width, as table levels.</summary>
    public static int LevelsOf(ulong first) => 2 + (int)(first >> 2 & 7);

    /// <summary>First quadword of an entry for second-stage or pass-through; the second one is the Domain Identifier.</summary>
    public static ulong First(PasidType type, ulong table, int levels, bool accessedDirty) =>
        table | (accessedDirty ? AccessedDirty : 0) | (ulong)type << 6 | (ulong)(levels - 2) << 2 | Present;
}

/// <summary>PASID Granular Translation Type.</summary>
public enum PasidType
{
    /// <summary>First-stage translation.</summary>
    FirstStage = 1,

    /// <summary>Second-stage translation.</summary>
    SecondStage = 2,

    /// <summary>Both.</summary>
    Nested = 3,

    /// <summary>None.</summary>
    PassThrough = 4,
}

/// <summary>Second-stage paging entries (VT-d §9.8): 512 of 8 bytes in a table.</summary>
public static class PagingEntry
{
    /// <summary>Bytes.</summary>
    public const int Bytes = 8;

    /// <summary>Entries of a table.</summary>
    public const int PerTable = 512;

    /// <summary>Read permission.</summary>
    public const ulong Read = 1;

    /// <summary>Write permission.</summary>
    public const ulong Write = 2;

    /// <summary>Page size: the entry maps a page above the lowest level.</summary>
    public const ulong Large = 1 << 7;

    /// <summary>Accessed.</summary>
    public const ulong Accessed = 1 << 8;

    /// <summary>Dirty.</summary>
    public const ulong Dirty = 1 << 9;

    /// <summary>Snoop behaviour, in an entry that maps a page.</summary>
    public const ulong Snoop = 1 << 11;

    /// <summary>Address bits 51:12 of any entry.</summary>
    public const ulong Address = 0x000F_FFFF_FFFF_F000;

    /// <summary>Low bits of the addresses that one entry of a level maps: 12, 21, 30, 39.</summary>
    public static int Shift(int level) => 12 + 9 * (level - 1);

    /// <summary>Index into the table of a level.</summary>
    public static int Index(ulong iova, int level) => (int)(iova >> Shift(level)) & (PerTable - 1);
}

/// <summary>Interrupt remapping table entries (VT-d §9.10) and the requests that name them (§5.1.2).</summary>
public static class InterruptEntry
{
    /// <summary>Bytes.</summary>
    public const int Bytes = 16;

    /// <summary>Present.</summary>
    public const ulong Present = 1;

    /// <summary>Fault Processing Disable.</summary>
    public const ulong FaultDisable = 2;

    /// <summary>Reserved bits of the lower half: 14:12 and 31:24.</summary>
    public const ulong ReservedLow = 0xFF00_7000;

    /// <summary>Reserved bits of the upper half: 63:20.</summary>
    public const ulong ReservedHigh = 0xFFFF_FFFF_FFF0_0000;

    /// <summary>In a request's address: it is in remappable format.</summary>
    public const ulong Remappable = 1 << 4;

    /// <summary>In a request's address: the data's subhandle is added to the handle.</summary>
    public const ulong SubhandleValid = 1 << 3;

    /// <summary>Vector.</summary>
    public static uint VectorOf(ulong low) => (byte)(low >> 16);

    /// <summary>An entry that delivers a vector to a destination for one requester only (SVT 01b).</summary>
    public static (ulong Low, ulong High) For(uint vector, uint destination, ushort requester) =>
        ((ulong)destination << 32 | (ulong)(byte)vector << 16 | Present, 1ul << 18 | requester);

    /// <summary>Address of a remappable request for an entry, without subhandle.</summary>
    public static ulong RequestAddress(int index) =>
        0xFEE0_0000 | (ulong)(index & 0x7FFF) << 5 | Remappable | (ulong)(index >> 15 & 1) << 2;

    /// <summary>The handle in a remappable request's address.</summary>
    public static int HandleOf(ulong address) => (int)(address >> 5 & 0x7FFF) | (int)(address >> 2 & 1) << 15;
}
