namespace Sim.Mlx5.Spec;

/// <summary>Delivery status of a command entry, bits 7:1 of its last byte: whether the command could be taken at all.</summary>
public enum DeliveryStatus : byte
{
    /// <summary>Delivered; what became of it is in the output's <see cref="CommandStatus"/>.</summary>
    Ok = 0x00,

    /// <summary>A signature is wrong.</summary>
    Signature = 0x01,

    /// <summary>A mailbox has another token than the entry.</summary>
    Token = 0x02,

    /// <summary>A mailbox has the wrong block number.</summary>
    BlockNumber = 0x03,

    /// <summary>The output mailbox pointer is not aligned.</summary>
    OutputAlignment = 0x04,

    /// <summary>The input mailbox pointer is not aligned.</summary>
    InputAlignment = 0x05,

    /// <summary>Firmware internal error.</summary>
    Firmware = 0x06,

    /// <summary>Bad input length.</summary>
    InputLength = 0x07,

    /// <summary>Bad output length.</summary>
    OutputLength = 0x08,

    /// <summary>A reserved field is not clear.</summary>
    ReservedNotClear = 0x09,

    /// <summary>Bad command descriptor: its type is not 7.</summary>
    Descriptor = 0x10,
}
