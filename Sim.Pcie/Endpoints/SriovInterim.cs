// Interim: whoever adds Sim.Pcie/Capabilities/SriovCapability.cs deletes this file and adapts EndpointTemplates, EndpointFunction and PcieDevice.
#pragma warning disable
using Sim.Pcie.Config;
namespace Sim.Pcie.Capabilities;
public sealed record SriovOptions { public int TotalVfs, FirstVfOffset, VfStride; public ushort VfDeviceId; public BarSpec[] VfBars; }
public sealed class SriovCapability { public const int Length=0x40; public int Offset; public bool VfEnable; public bool VfMemorySpaceEnable; public int NumVfs; public IReadOnlyList<Bar?> VfBars=[]; public static SriovCapability Add(ConfigSpace c,int o,SriovOptions x)=>new() { Offset = o }; }
