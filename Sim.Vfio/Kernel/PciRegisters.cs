namespace Sim.Vfio.Kernel;

/// <summary>Register offsets and bits that the kernel's error code and drivers use, relative to the header or the named
/// capability.</summary>
internal static class PciRegisters
{
    // Header (§7.5.1).
    public const int Command = 0x04;
    public const int Status = 0x06;
    public const int FirstBar = 0x10;
    public const int BridgeControl = 0x3E;
    public const uint CommandMemory = 1 << 1;
    public const uint CommandBusMaster = 1 << 2;
    public const uint CommandSerr = 1 << 8;
    public const uint CommandIntxDisable = 1 << 10;
    public const uint BridgeControlSerr = 1 << 1;
    public const uint BridgeControlBusReset = 1 << 6;

    // PCI Express capability (§7.5.3).
    public const int DeviceControl = 0x08;
    public const int DeviceStatus = 0x0A;
    public const int LinkControl = 0x10;
    public const int LinkStatus = 0x12;
    public const int RootControl = 0x1C;
    public const int DeviceControl2 = 0x28;
    public const uint InitiateFlr = 1 << 15;
    public const uint LinkActive = 1 << 13;

    // Access Control Services (§7.7.11), Resizable BAR (§7.8.6).
    public const int AcsControl = 0x06;
    public const int ResizableBarControl = 0x08;

    // MSI (§7.7.1).
    public const int MsiControl = 0x02;
    public const int MsiAddress = 0x04;
    public const uint MsiEnable = 1 << 0;
    public const uint Msi64 = 1 << 7;

    // MSI-X (§7.7.2).
    public const int MsixControl = 0x02;
    public const int MsixTable = 0x04;
    public const int MsixPba = 0x08;
    public const uint MsixEnable = 1 << 15;
    public const int MsixEntryBytes = 16;

    // SR-IOV (§9.3.3).
    public const int SriovControl = 0x08;
    public const int SriovNumVfs = 0x10;
    public const int SriovFirstBar = 0x24;

    // Advanced Error Reporting (§7.8.4).
    public const int AerUncorrectableStatus = 0x04;
    public const int AerUncorrectableMask = 0x08;
    public const int AerUncorrectableSeverity = 0x0C;
    public const int AerCorrectableStatus = 0x10;
    public const int AerCorrectableMask = 0x14;
    public const int AerControl = 0x18;
    public const int AerHeaderLog = 0x1C;
    public const int AerRootCommand = 0x2C;
    public const int AerRootStatus = 0x30;
    public const int AerErrorSource = 0x34;
    public const uint AllErrors = 7;
    public const uint RootCorrectableReceived = 1 << 0;
    public const uint RootMultipleCorrectable = 1 << 1;
    public const uint RootUncorrectableReceived = 1 << 2;
    public const uint RootMultipleUncorrectable = 1 << 3;
    public const uint RootFatalReceived = 1 << 6;

    // Downstream Port Containment (§7.9.14).
    public const int DpcControl = 0x06;
    public const int DpcStatus = 0x08;
    public const int DpcErrorSource = 0x0A;
    public const uint DpcTriggerEnable = 3;
    public const uint DpcInterruptEnable = 1 << 3;
    public const uint DpcTriggered = 1 << 0;
    public const uint DpcInterrupt = 1 << 3;
    public const uint DpcRootPortBusy = 1 << 4;
}
