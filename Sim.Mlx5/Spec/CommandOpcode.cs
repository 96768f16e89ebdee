namespace Sim.Mlx5.Spec;

/// <summary>Command opcodes: bits 31:16 of the input's first DW.</summary>
public enum CommandOpcode : ushort
{
    /// <summary>QUERY_HCA_CAP.</summary>
    QueryHcaCap = 0x100,

    /// <summary>INIT_HCA.</summary>
    InitHca = 0x102,

    /// <summary>TEARDOWN_HCA.</summary>
    TeardownHca = 0x103,

    /// <summary>ENABLE_HCA.</summary>
    EnableHca = 0x104,

    /// <summary>DISABLE_HCA.</summary>
    DisableHca = 0x105,

    /// <summary>QUERY_PAGES.</summary>
    QueryPages = 0x107,

    /// <summary>MANAGE_PAGES.</summary>
    ManagePages = 0x108,

    /// <summary>SET_HCA_CAP.</summary>
    SetHcaCap = 0x109,

    /// <summary>QUERY_ISSI.</summary>
    QueryIssi = 0x10A,

    /// <summary>SET_ISSI.</summary>
    SetIssi = 0x10B,

    /// <summary>SUSPEND_VHCA.</summary>
    SuspendVhca = 0x115,

    /// <summary>RESUME_VHCA.</summary>
    ResumeVhca = 0x116,

    /// <summary>QUERY_VHCA_MIGRATION_STATE.</summary>
    QueryVhcaMigrationState = 0x117,

    /// <summary>SAVE_VHCA_STATE.</summary>
    SaveVhcaState = 0x118,

    /// <summary>LOAD_VHCA_STATE.</summary>
    LoadVhcaState = 0x119,

    /// <summary>CREATE_MKEY.</summary>
    CreateMkey = 0x200,

    /// <summary>DESTROY_MKEY.</summary>
    DestroyMkey = 0x202,

    /// <summary>ALLOC_MEMIC.</summary>
    AllocMemic = 0x205,

    /// <summary>DEALLOC_MEMIC.</summary>
    DeallocMemic = 0x206,

    /// <summary>CREATE_EQ.</summary>
    CreateEq = 0x301,

    /// <summary>DESTROY_EQ.</summary>
    DestroyEq = 0x302,

    /// <summary>CREATE_CQ.</summary>
    CreateCq = 0x400,

    /// <summary>DESTROY_CQ.</summary>
    DestroyCq = 0x401,

    /// <summary>CREATE_QP.</summary>
    CreateQp = 0x500,

    /// <summary>DESTROY_QP.</summary>
    DestroyQp = 0x501,

    /// <summary>RST2INIT_QP.</summary>
    ResetToInit = 0x502,

    /// <summary>INIT2RTR_QP.</summary>
    InitToReadyToReceive = 0x503,

    /// <summary>RTR2RTS_QP.</summary>
    ReadyToReceiveToReadyToSend = 0x504,

    /// <summary>2ERR_QP.</summary>
    ToError = 0x507,

    /// <summary>2RST_QP.</summary>
    ToReset = 0x50A,

    /// <summary>QUERY_QP.</summary>
    QueryQp = 0x50B,

    /// <summary>QUERY_ROCE_ADDRESS.</summary>
    QueryRoceAddress = 0x760,

    /// <summary>SET_ROCE_ADDRESS.</summary>
    SetRoceAddress = 0x761,

    /// <summary>ALLOC_PD.</summary>
    AllocPd = 0x800,

    /// <summary>DEALLOC_PD.</summary>
    DeallocPd = 0x801,

    /// <summary>ALLOC_UAR.</summary>
    AllocUar = 0x802,

    /// <summary>DEALLOC_UAR.</summary>
    DeallocUar = 0x803,

    /// <summary>CREATE_GENERAL_OBJECT.</summary>
    CreateGeneralObject = 0xA00,

    /// <summary>MODIFY_GENERAL_OBJECT.</summary>
    ModifyGeneralObject = 0xA01,

    /// <summary>QUERY_GENERAL_OBJECT.</summary>
    QueryGeneralObject = 0xA02,

    /// <summary>DESTROY_GENERAL_OBJECT.</summary>
    DestroyGeneralObject = 0xA03,
}
